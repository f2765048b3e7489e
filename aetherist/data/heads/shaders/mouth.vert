#version 330
uniform mat4 projection;
in vec3 position, normal, canonical;
in float open_;
out vec3 P, N, Q;
out float A;

void main() {
    P = position; N = normal; Q = canonical; A = open_;
    gl_Position = projection * vec4(position, 1.0);
}
