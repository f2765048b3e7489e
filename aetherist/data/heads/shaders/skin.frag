in vec3 P, N, Q, B, region_;
in vec2 T;
layout(location = 0) out vec4 colour;
layout(location = 1) out float distance_;
uniform sampler3D noise;
uniform sampler2D masks;             // lips, eyelids, ears, inside of the mouth
uniform vec3 brow_shape;             // height, arch, thickness
uniform vec3 skin_colour, lip_colour, cloth_colour, hair_colour, pattern;
uniform float redness, freckles, age, gloss, neckline, beard, scalp_tint;

vec4 noise4(vec3 p) { return texture(noise, p * 0.125) * 2.0 - 1.0; }
float cloud(vec3 p) { return noise4(p).x * .5 + noise4(p * 2.03 + .31).x * .25 + noise4(p * 4.1 + .7).x * .125; }
float bump(vec3 q, vec3 at, vec3 size) { vec3 d = (q - at) / size; return exp(-dot(d, d)); }

// How near p lies to the stroke from a to b: 1 on it, 0 one width away; strokes fade towards their ends.
float stroke(vec2 p, vec2 a, vec2 b, float width) {
    vec2 ab = b - a;
    float t = clamp(dot(p - a, ab) / dot(ab, ab), 0.0, 1.0);
    float d = length(p - a - t * ab) / (width * (0.55 + 0.45 * sin(PI * t)));
    return exp(-d * d);
}

// Where the eyebrows grow; the same band as regions.brow.
float brow(vec3 q, float x) {
    float along = (x - .11) / .47, middle = 7.462 + brow_shape.x + .07 * sin(clamp(along, 0., 1.) * 2.4) * brow_shape.y;
    float band = abs(q.y - middle) / ((.026 - .017 * smoothstep(.35, 1., along)) * brow_shape.z);
    return smoothstep(1.3, .5, band) * smoothstep(-.05, .12, along) * smoothstep(1.05, .85, along) * smoothstep(.9, 1.15, q.z);
}

// Folds and lines of age, from 0 to 1, in the template's coordinates (decimetres).
float creases(vec3 q, float x) {
    vec2 p = vec2(x, q.y) + 0.016 * noise4(q * .35 + pattern).xy;
    float front = smoothstep(0.85, 1.1, q.z);
    float folds = max(stroke(p, vec2(.215, 6.99), vec2(.315, 6.86), .026), stroke(p, vec2(.315, 6.86), vec2(.365, 6.66), .026));
    folds = max(folds, 0.8 * stroke(p, vec2(.315, 6.55), vec2(.335, 6.36), .022));
    float eye = max(stroke(p, vec2(.50, 7.27), vec2(.63, 7.35), .010), stroke(p, vec2(.51, 7.24), vec2(.66, 7.24), .010));
    eye = max(eye, stroke(p, vec2(.49, 7.21), vec2(.62, 7.13), .010));
    float bag = max(stroke(p, vec2(.17, 7.17), vec2(.30, 7.095), .018), stroke(p, vec2(.30, 7.095), vec2(.44, 7.14), .018));
    float wave = q.y + 0.03 * noise4(q * 0.5 + pattern * 1.3).x + 0.05 * x * x;
    float brow = 0.0;
    for (int i = 0; i < 3; i++)
        brow = max(brow, exp(-pow((wave - 7.72 - 0.105 * float(i)) / 0.014, 2.0)));
    brow *= smoothstep(0.62, 0.25, x) * (0.55 + 0.45 * noise4(q * 0.7 + pattern).y);
    float frown = stroke(p, vec2(.055, 7.40), vec2(.07, 7.53), .012) * 0.7;
    float throat = exp(-pow((q.y - 5.95 + 0.1 * x - 0.04 * noise4(q * .4 + pattern).z) / 0.022, 2.0)) * 0.6 * smoothstep(.2, .5, q.z);
    float lip = smoothstep(6.80, 6.74, q.y) * smoothstep(6.66, 6.71, q.y) * smoothstep(0.24, 0.12, x)
        * pow(abs(sin(x * 62.0 + pattern.x)), 8.0) * 0.5;
    return front * max(max(max(folds, bag * .8), eye * .75), max(max(brow * .7, frown), lip)) + throat * step(q.z, 1.3);
}

void main() {
    vec3 n = normalize(N), v = normalize(camera_position - P), q = Q;
    vec4 mask = texture(masks, T);
    float lids = mask.g, ears = mask.b, mouth = smoothstep(0.3, 0.8, mask.a);
    float x = abs(q.x), scalp = region_.x, open = region_.z;
    float big = cloud(q * .35 + pattern), mid = cloud(q * 1.3 + pattern * 1.7), fine = noise4(q * 7. + pattern).x;
    float pore = noise4(q * 19.).y;
    vec3 mirrored = vec3(x, q.yz);
    float cheek = bump(mirrored, vec3(.42, 6.93, 1.25), vec3(.26, .24, .4));
    float nose = bump(q, vec3(0., 6.95, 1.62), vec3(.16, .16, .2));
    float under_eye = bump(mirrored, vec3(.30, 7.13, 1.3), vec3(.2, .07, .3));
    float chin = bump(q, vec3(0., 6.38, 1.45), vec3(.25, .16, .3));
    float lips = smoothstep(.25, .75, mask.r + .12 * fine);

    // Albedo: mottled skin, blood, shadows under the eyes, freckles, age spots, lips, shaved hair.
    float blotch = mix(1.0, 1.7, age);
    vec3 albedo = skin_colour * (1. + .07 * big + .05 * blotch * mid + .035 * fine - .05 * pore);
    float blood = redness * (.85 * cheek * (1. - .4 * age) + .9 * nose + .35 * chin + .6 * ears + .12 * blotch * mid);
    albedo *= mix(vec3(1.), vec3(1.10, .80, .76), clamp(blood, -.3, 1.2));
    albedo *= mix(vec3(1.), vec3(.84, .76, .78), under_eye * (.30 + .65 * age));
    albedo *= mix(vec3(1.), vec3(.86, .74, .72), lids * (.5 + .3 * age));
    float face = smoothstep(6.6, 6.9, q.y) * smoothstep(7.6, 7.2, q.y) * smoothstep(.8, 1.1, q.z);
    float freckle = smoothstep(.50, .72, noise4(q * 5.3 + pattern * 3.).z + .15 * noise4(q * 2.).x) * freckles * face;
    albedo *= mix(vec3(1.), vec3(.72, .58, .48), freckle);
    float spots = smoothstep(.34, .55, noise4(q * 2.3 + pattern * 5.).w) * smoothstep(.45, 1., age) * smoothstep(6.2, 7.2, q.y + .3 * x);
    albedo *= mix(vec3(1.), vec3(.80, .68, .58), spots * .7);
    albedo = mix(albedo, lip_colour * (1. + .10 * mid + .12 * noise4(q * vec3(14., 2., 2.)).x), lips * .85);
    albedo = mix(albedo, vec3(.26, .055, .05), mouth * (1. - lips));
    float stubble = region_.y * (1. - lips) * (1. - smoothstep(0., .06, mask.a)) * beard;
    stubble *= .55 + .45 * smoothstep(-.2, .35, noise4(q * 13.).z + .5 * noise4(q * 23.).x);
    albedo = mix(albedo, albedo * mix(vec3(.52, .52, .55), hair_colour * 2. + .15, .35), clamp(stubble, 0., 1.) * .75);
    albedo = mix(albedo, hair_colour * .6, scalp * scalp_tint * .75);
    albedo = mix(albedo, hair_colour * .8, brow(q, x) * .55);
    float crease = smoothstep(.25, 1., age) * creases(q, x) * (1. - scalp * scalp_tint);
    albedo *= mix(vec3(1.), vec3(.72, .60, .56), clamp(crease, 0., 1.) * .46);

    // Cloth replaces skin below the neckline.
    float cloth = smoothstep(neckline + .015, neckline - .015, q.y - .16 * smoothstep(0., .9, x) - .50 * smoothstep(.7, 1.4, x));
    vec3 weave = cloth_colour * (1. + .10 * noise4(q * 1.1).x) * (.92 + .08 * sin(q.x * 160.) * sin(q.y * 160.));
    albedo = mix(albedo, weave, cloth);

    // Relief by derivatives of a height (Mikkelsen, 2010); detail finer than a pixel is left out.
    float pixel = length(fwidth(q)), seen = 1. - smoothstep(.008, .03, pixel), near = 1. - smoothstep(.004, .014, pixel);
    float height = .0011 * seen * noise4(q * 5. + pattern).x + .0008 * near * pore - .008 * crease
        + .0022 * seen * lips * noise4(q * vec3(14., 3., 3.)).x - .0030 * seen * age * noise4(q * vec3(3., 5., 3.) + pattern).z;
    height = mix(height, .02 * noise4(q * .8 + pattern).x + .01 * noise4(q * 2.).y, cloth);
    vec3 dx = dFdx(P), dy = dFdy(P), rx = cross(dy, n), ry = cross(n, dx);
    float det = dot(dx, rx);
    vec3 slope = sign(det) * (dFdx(height) * rx + dFdy(height) * ry) * .24;
    vec3 m = abs(det) > 1e-14 ? normalize(abs(det) * n - slope) : n;

    // Diffuse light wraps round the skin, red the furthest: a cheap stand-in for scattering below the surface.
    vec3 occlusion = mix(vec3(pow(open, .75), pow(open, 1.02), pow(open, 1.08)), vec3(open), cloth) * (1. - .6 * mouth);
    float sun = lit(P + n * .005, .0025, shadow_blur, 12);
    vec3 facing = vec3(dot(normalize(mix(m, n, .75)), key_direction), dot(normalize(mix(m, n, .4)), key_direction),
        dot(normalize(mix(m, n, .25)), key_direction));
    vec3 wrap = mix(vec3(.38, .18, .12), vec3(.02), cloth);
    vec3 diffuse = clamp((facing + wrap) / (1. + wrap), 0., 1.);
    diffuse *= diffuse * .35 + .65;
    vec3 penumbra = mix(vec3(pow(sun, .62), pow(sun, .95), sun), vec3(sun), cloth);
    vec3 rim = clamp((vec3(dot(m, rim_direction)) + wrap) / (1. + wrap), 0., 1.);
    vec3 ambient = irradiance(normalize(mix(m, B, .35)));
    vec3 sum = albedo * (ambient * occlusion + key_colour * diffuse * penumbra / PI + rim_colour * rim * occlusion * occlusion / PI);
    float through = pow(clamp(dot(-key_direction, v) * .5 + .5, 0., 1.), 3.);
    sum += albedo * vec3(.9, .25, .15) * ears * through * .10 * key_colour * (1. - .5 * sun);

    // Shine: oily on nose and forehead, wet on the lips, none on cloth.
    float clear = clamp(pow(open + .2, 1.6), 0., 1.);
    float oil = mix(.75, 1.25, clamp(nose + .4 * smoothstep(7.5, 7.9, q.y) * (1. - scalp), 0., 1.)) * gloss;
    float rough = mix(mix(.47, .36, lips), .95, cloth);
    float shine = mix(1., .12, cloth) * oil * (1. - .55 * scalp * scalp_tint) * (1. - .3 * pore);
    vec3 half_relief = normalize(m + n);
    vec3 glints = key_colour * sun * (.70 * glint(half_relief, v, key_direction, rough, .028)
        + .30 * glint(half_relief, v, key_direction, rough * .68, .028));
    glints += rim_colour * clear * glint(m, v, rim_direction, rough + .05, .028);
    glints += radiance(reflect(-v, m)) * (.028 + .35 * pow(1. - max(dot(m, v), 0.), 5.)) * clear * .55;
    colour = vec4(tone(sum + glints * shine), 1.);
    distance_ = length(camera_position - P);
}
