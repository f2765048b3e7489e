#version 330
// Light, shared by all surfaces. Colours are linear until tone() turns them into what a screen shows.
const float PI = 3.14159265;
uniform vec3 around[9];              // the surrounding, as spherical harmonics
uniform vec3 key_direction, key_colour;
uniform vec3 rim_direction, rim_colour;
uniform vec3 camera_position;
uniform mat4 to_shadow;
uniform sampler2D shadow_map;
uniform float shadow_blur, exposure;

vec3 irradiance(vec3 n) {
    vec3 sum = around[0] * 0.886227 + 1.023328 * (around[1] * n.y + around[2] * n.z + around[3] * n.x)
        + 0.858086 * (around[4] * n.x * n.y + around[5] * n.y * n.z + around[7] * n.x * n.z)
        + 0.247708 * around[6] * (3.0 * n.z * n.z - 1.0) + 0.429043 * around[8] * (n.x * n.x - n.y * n.y);
    return max(vec3(0.0), sum / PI);
}

vec3 radiance(vec3 n) {
    vec3 sum = around[0] * 0.282095 + 0.488603 * (around[1] * n.y + around[2] * n.z + around[3] * n.x)
        + 1.092548 * (around[4] * n.x * n.y + around[5] * n.y * n.z + around[7] * n.x * n.z)
        + 0.315392 * around[6] * (3.0 * n.z * n.z - 1.0) + 0.546274 * around[8] * (n.x * n.x - n.y * n.y);
    return max(vec3(0.0), sum);
}

const vec2 DISK[12] = vec2[](
    vec2(-.33, -.41), vec2(-.84, -.07), vec2(-.70, .46), vec2(-.20, .62), vec2(.96, -.19), vec2(.47, -.48),
    vec2(.52, .77), vec2(.19, -.89), vec2(.51, .07), vec2(.90, .41), vec2(-.32, -.93), vec2(-.79, -.60));

// The share of the key light that arrives, softened over a disk.
float lit(vec3 p, float bias, float blur, int taps) {
    vec3 c = (to_shadow * vec4(p, 1.0)).xyz * 0.5 + 0.5;
    float sum = 0.0;
    for (int i = 0; i < taps; i++)
        sum += c.z - bias > texture(shadow_map, c.xy + DISK[i] * blur).r ? 0.0 : 1.0;
    return sum / float(taps);
}

// Cook-Torrance with the GGX distribution; f0 is the reflectance seen head on.
float glint(vec3 n, vec3 v, vec3 l, float roughness, float f0) {
    vec3 h = normalize(v + l);
    float nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 0.05), nh = max(dot(n, h), 0.0), vh = max(dot(v, h), 0.0);
    float a2 = pow(roughness, 4.0), d = nh * nh * (a2 - 1.0) + 1.0;
    float k = (roughness + 1.0) * (roughness + 1.0) / 8.0;
    float g = 1.0 / ((nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
    return a2 / (PI * d * d) * g * (f0 + (1.0 - f0) * pow(1.0 - vh, 5.0)) * nl * 0.25;
}

// The filmic curve of Narkowicz (2016), then the screen's gamma.
vec3 tone(vec3 x) {
    x *= exposure;
    return pow(clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0), vec3(1.0 / 2.2));
}
