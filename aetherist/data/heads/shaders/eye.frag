in vec3 P, N, E;
in float A;
layout(location = 0) out vec4 colour;
layout(location = 1) out float distance_;
uniform sampler3D noise;
uniform vec3 iris_colour, gaze;
uniform float pupil, age;

void main() {
    vec3 d = normalize(E), v = normalize(camera_position - P), n = normalize(mix(normalize(N), d, .7));
    float angle = acos(clamp(dot(d, gaze), -1., 1.));
    // Behind the cornea the iris is seen shifted towards the viewer.
    vec3 u = normalize(cross(vec3(0., 1., 0.), gaze)), w = cross(gaze, u);
    float cornea = 1. - smoothstep(.40, .46, angle);
    vec3 seen = normalize(d - .10 * (v - gaze * dot(v, gaze)) * cornea);
    float ring = acos(clamp(dot(seen, gaze), -1., 1.)) / .43, turn = atan(dot(seen, w), dot(seen, u));
    float edge = smoothstep(.45, 1.2, angle);
    vec3 white = mix(vec3(.66, .63, .60), vec3(.60, .55, .46), .6 * age) * mix(vec3(1.), vec3(.98, .80, .76), edge * .55);
    white *= 1. - .10 * smoothstep(.55, .8, texture(noise, d * .35).x) * edge;
    float fibre = texture(noise, vec3(cos(turn) * .28, sin(turn) * .28, ring * .05)).x * .6
        + texture(noise, vec3(cos(turn) * .7, sin(turn) * .7, ring * .09)).y * .4;
    vec3 iris = iris_colour * (.45 + .95 * fibre) * mix(1.25, .8, smoothstep(.3, 1., ring));
    iris *= mix(vec3(1.), vec3(1.35, 1.1, .8), (1. - smoothstep(pupil, pupil + .25, ring)) * .5);
    iris *= (1. - .75 * smoothstep(.80, 1.02, ring)) * smoothstep(pupil - .05, pupil + .06, ring);
    vec3 albedo = mix(iris, white, smoothstep(.405, .455, angle));
    // The upper lid shades the top of the eye.
    float lid = 1. - .62 * smoothstep(.05, .62, d.y);
    float open = mix(1., A, .75) * lid * mix(.75, 1., smoothstep(1.25, .7, angle));
    float sun = lit(P + n * .01, .006, shadow_blur * 1.5, 8), facing = clamp((dot(n, key_direction) + .25) / 1.25, 0., 1.);
    float rim = clamp(dot(n, rim_direction) * .5 + .5, 0., 1.);
    vec3 sum = albedo * (irradiance(n) * open + key_colour * facing * mix(.25, 1., sun) * lid / PI + rim_colour * rim * open * .6 / PI);
    vec3 c = normalize(mix(d, gaze, .35 * cornea));
    sum += radiance(reflect(-v, c)) * (.03 + .5 * pow(1. - max(dot(c, v), 0.), 5.)) * open * 1.2;
    sum += (key_colour * mix(.3, 1., sun) * glint(c, v, key_direction, .16, .04) * .6
        + rim_colour * glint(c, v, rim_direction, .22, .04) * .5) * lid;
    colour = vec4(tone(sum), 1.);
    distance_ = length(camera_position - P);
}
