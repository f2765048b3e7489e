/** The JSON of the gateway, as its OpenAPI document has it. */

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Session {
  version: string;
  keys_required: boolean;
  caller: { scopes: string[] } | null;
  default_model: string;
}

export interface ModelSummary {
  name: string;
  digest: string;
  parameters: number;
  resolution: number;
  outputs: string[];
  default: boolean;
  editable: boolean;
}

export interface Stage {
  radius: number;
  pivot?: number[] | null;
  focal?: number | null;
  fov?: number | null;
}

export interface ModelDetail extends ModelSummary {
  style_shape: number[];
  latent_dim: number;
  stage: Stage;
  graphs: string[];
  psi?: number | null;
  field: boolean;
}

export interface Direction {
  attribute: string;
  /** Which part of the attribute, such as `asian`; null where it has none. */
  axis: string | null;
  range: [number, number] | null;
  /** What a strength of 1 does, in words or in the attribute's units. */
  step: string | number | null;
  description: string | null;
  group: string | null;
  quality: Record<string, number> | number | null;
}

export type Attributes = Record<string, number | Record<string, number>>;

export type AvatarSpec = { attributes?: Attributes } & (
  | { seed: number; psi?: number | null; cutoff?: number | null }
  | { id: string }
  | { mix: [AvatarSpec, AvatarSpec]; amount?: number; layers?: number[] | null; space?: 'w' | 'z' }
);

export interface CameraSpec {
  yaw?: number;
  pitch?: number;
  radius?: number | null;
  fov?: number | null;
}

export interface Avatar {
  id: string;
  model: string;
  model_digest: string;
  digest: string;
  seed: number | null;
  psi: number | null;
  attributes: Attributes;
  name: string | null;
  created_at: string;
  links: { picture: string; file: string };
  warnings?: string[];
}

export interface ArtifactLink {
  name: string;
  url: string;
  media_type: string;
  size: number;
  digest: string;
}

export interface JobResult {
  artifacts?: ArtifactLink[];
  [more: string]: unknown;
}

export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  id: string;
  kind: string;
  status: JobStatus;
  progress: number;
  message: string | null;
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  request: Record<string, unknown>;
  result: JobResult | null;
  problem: import('./problem').ProblemBody | null;
  links: Record<string, string>;
}
