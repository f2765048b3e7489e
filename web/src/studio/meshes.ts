import type { ArtifactLink } from '../api/types';

/** Meshes that were made since the page was opened, by model and person. */
export const meshes = new Map<string, ArtifactLink>();
