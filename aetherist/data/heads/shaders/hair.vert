#version 330
// Strands are rows of a texture, one texel a point; a strand is drawn as a ribbon that faces the eye.
uniform mat4 projection;
uniform vec3 camera_position;
uniform sampler2D strands;           // x y z of a point, and how much light reaches it
uniform sampler2D looks;             // one texel a strand: colour, width
uniform int points;                  // along a strand
uniform float pixel;                 // the width of a pixel at distance 1
uniform float widening;              // to make up for strands that are left out
uniform float flatness;              // 1: fat to the end
out vec3 P, D, C;
out float A, U;

void main() {
    int strand = gl_VertexID / (2 * points), k = (gl_VertexID / 2) % points;
    vec4 here = texelFetch(strands, ivec2(k, strand), 0);
    vec3 before = texelFetch(strands, ivec2(max(k - 1, 0), strand), 0).xyz;
    vec3 after = texelFetch(strands, ivec2(min(k + 1, points - 1), strand), 0).xyz;
    vec4 look = texelFetch(looks, ivec2(0, strand), 0);
    vec3 along = normalize(after - before + vec3(0., 1e-9, 0.)), toward = camera_position - here.xyz;
    float t = float(k) / float(points - 1);
    float width = look.w * widening * mix(clamp(1.15 - t * t, .15, 1.), 1., flatness);
    width = max(width, pixel * length(toward));
    vec3 side = normalize(cross(along, normalize(toward)));
    P = here.xyz + side * (gl_VertexID % 2 == 0 ? -width : width);
    D = along; C = look.rgb; A = here.w; U = t;
    gl_Position = projection * vec4(P, 1.);
}
