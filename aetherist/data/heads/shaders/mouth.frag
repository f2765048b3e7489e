in vec3 P, N, Q;
in float A;
layout(location = 0) out vec4 colour;
layout(location = 1) out float distance_;
uniform vec3 mouth_colour;
uniform float tooth;                 // 1 for teeth, 0 for the tongue

void main() {
    vec3 n = normalize(N), v = normalize(camera_position - P);
    // Teeth narrow towards the back; the gap between two is a dark line, gums are where the enamel ends.
    float along = atan(Q.x, Q.z - .93) * .42, width = mix(.085, .075, smoothstep(.1, .3, abs(along)));
    float upper = step(6.60, Q.y);
    float gap = 1. - smoothstep(.0, .011, abs(abs(fract(along / width) - .5) - .5) * width);
    float gum = upper > .5 ? smoothstep(6.735, 6.765, Q.y) : smoothstep(6.54, 6.51, Q.y);
    vec3 enamel = mouth_colour * (1. - .40 * gap) * mix(1., .72, smoothstep(.18, .34, abs(Q.x)));
    vec3 albedo = mix(mouth_colour, mix(enamel, vec3(.50, .16, .15), gum), tooth);
    float sun = lit(P + n * .006, .004, shadow_blur, 8), facing = clamp((dot(n, key_direction) + .3) / 1.3, 0., 1.);
    float open = mix(.60, 1., A);
    vec3 sum = albedo * (irradiance(n) * open + key_colour * facing * mix(.45, 1., sun) * mix(.6, 1., A) / PI + rim_colour * .3 * open / PI);
    sum += (key_colour * sun * glint(n, v, key_direction, .25, .04) + radiance(reflect(-v, n)) * .05) * open;
    colour = vec4(tone(sum), 1.);
    distance_ = length(camera_position - P);
}
