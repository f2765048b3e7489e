#version 330
uniform mat4 projection;
in vec3 position, normal, outward;   // outward: from the eye's centre, one eye radius long
in float open_;
out vec3 P, N, E;
out float A;

void main() {
    P = position; N = normal; E = outward; A = open_;
    gl_Position = projection * vec4(position, 1.0);
}
