in vec2 at;
layout(location = 0) out vec4 colour;
layout(location = 1) out float distance_;
uniform mat4 unproject;
uniform vec3 backdrop_low, backdrop_high, backdrop_shift;
uniform sampler3D noise;

void main() {
    vec4 far = unproject * vec4(at, 1., 1.);
    vec3 d = normalize(far.xyz / far.w - camera_position);
    float mottle = texture(noise, d * .09 + backdrop_shift).x * .6 + texture(noise, d * .21 + backdrop_shift).y * .4;
    float t = clamp(.5 + .75 * d.y + (mottle - .5) * .9, 0., 1.);
    colour = vec4(pow(mix(backdrop_low, backdrop_high, t), vec3(1. / 2.2)), 0.);
    distance_ = 0.;
}
