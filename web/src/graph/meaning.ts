/** What a port means, as one of a few families that each have a colour. */

export const FAMILIES = {
  latent: 'Latents and styles',
  camera: 'Cameras',
  rays: 'Rays',
  planes: 'Planes',
  field: 'Fields and points',
  image: 'Images',
  features: 'Features',
  depth: 'Depth and masks',
  judgement: 'Logits and losses',
  value: 'Numbers and other values',
} as const;

export type Family = keyof typeof FAMILIES;

const BY_HEAD: Record<string, Family> = {
  latent: 'latent',
  camera: 'camera',
  rays: 'rays',
  planes: 'planes',
  field: 'field',
  points: 'field',
  image: 'image',
  features: 'features',
  depth: 'depth',
  mask: 'depth',
  logits: 'judgement',
  loss: 'judgement',
};

/** Return the family of a meaning such as `camera.opencv.camera_to_world`. */
export function familyOf(meaning: string | null): Family {
  return BY_HEAD[(meaning ?? '').split('.')[0] ?? ''] ?? 'value';
}

/** Return the CSS colour of a meaning; graph.css defines one a family and theme. */
export function colourOf(meaning: string | null): string {
  return `var(--family-${familyOf(meaning)})`;
}
