in vec3 P, D, C;
in float A, U;
layout(location = 0) out vec4 colour;
layout(location = 1) out float distance_;
uniform vec3 hair_center;
uniform float hair_gloss, hanging;   // hanging: 1 where hair falls below the skull and is lit like a curtain

void main() {
    vec3 t = normalize(D), v = normalize(camera_position - P), away = P - hair_center;
    away.y = mix(away.y, max(away.y, 0.), hanging);
    vec3 g = normalize(away + vec3(0., 1e-6, 0.));
    float sun = mix(.12, 1., lit(P + g * .01, .006, shadow_blur * 1.6, 5));
    // Kajiya and Kay (1989), with the two highlights of Marschner et al. (2003): one white, one of the hair's colour.
    float tl = dot(t, key_direction), wrap = clamp(dot(g, key_direction) * .6 + .45, 0., 1.);
    float tr = dot(t, rim_direction), rim_wrap = clamp(dot(g, rim_direction) * .6 + .4, 0., 1.);
    vec3 sum = C * (key_colour * sqrt(max(1. - tl * tl, 0.)) * wrap * sun * .30
        + rim_colour * sqrt(max(1. - tr * tr, 0.)) * rim_wrap * .25 * A);
    sum += C * irradiance(normalize(g + .3 * (v - t * dot(v, t)))) * A;
    vec3 root = normalize(t - g * .10), tip = normalize(t + g * .14), h = normalize(key_direction + v);
    float a = dot(root, h), b = dot(tip, h), c = dot(root, normalize(rim_direction + v));
    vec3 gleam = key_colour * sun * wrap * mix(.5, 1., A) * (pow(max(1. - a * a, 0.), 60.) * vec3(.05) + pow(max(1. - b * b, 0.), 16.) * C * .55);
    gleam += rim_colour * A * rim_wrap * pow(max(1. - c * c, 0.), 40.) * .04;
    gleam += radiance(reflect(-v, normalize(g - t * dot(g, t)))) * .02 * A;
    colour = vec4(tone(sum + gleam * hair_gloss), 1.);
    distance_ = length(camera_position - P);
}
