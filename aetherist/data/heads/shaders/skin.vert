#version 330
uniform mat4 projection;
in vec3 position, normal, canonical, open_direction;
in vec2 uv;
in vec3 region;                      // scalp, beard, openness
out vec3 P, N, Q, B, region_;
out vec2 T;

void main() {
    P = position; N = normal; Q = canonical; B = open_direction; T = uv; region_ = region;
    gl_Position = projection * vec4(position, 1.0);
}
