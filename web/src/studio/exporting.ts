/** What the studio gives out: pictures at once, films and meshes as jobs. */
import { blob } from '../api/client';
import { saveArtifact, saveBlob } from '../api/files';
import { jobs } from '../api/jobs.svelte';
import type { Job } from '../api/types';
import { toasts } from '../ui/toasts.svelte';
import { toCamera } from './camera';
import { fileName } from './look';
import { studio } from './studio.svelte';

export interface PictureChoice {
  output: string;
  /** Pixels of a side; null as rendered. */
  size: number | null;
}

export interface FilmChoice {
  path: 'orbit' | 'sway';
  seconds: number;
  fps: number;
  size: number | null;
}

export interface MeshChoice {
  resolution: number;
  texture: boolean;
}

/** Save a picture of what is seen, from where it is seen. */
export async function picture({ output, size }: PictureChoice): Promise<void> {
  const model = studio.model;
  if (!model) return;
  const cameras = [toCamera(studio.angle, model.stage)];
  const json = { model: model.name, people: [studio.spec], cameras, output, size, format: 'png' };
  saveBlob(await blob('/v1/generate', { json, accept: 'image/png' }), `${fileName(studio.look)}.png`);
}

/** Start a film; resolves when it has started. */
export function film({ path, seconds, fps, size }: FilmChoice): void {
  const body = { people: [studio.spec], frames: Math.round(seconds * fps), fps, path, format: 'mp4', size };
  start('video', body, `${fileName(studio.look)}.mp4`);
}

/** Start a film from the first to the second of a mix. */
export function passage({ seconds, fps, size }: FilmChoice): void {
  const { base } = studio.look;
  const spec = studio.spec;
  if (base.kind !== 'mix' || !('mix' in spec)) return;
  const body = { people: spec.mix, frames: Math.round(seconds * fps), fps, path: 'sway', format: 'mp4', size };
  start('video', body, `${fileName(studio.look)}.mp4`);
}

export function mesh({ resolution, texture }: MeshChoice): void {
  const body = { person: studio.spec, resolution, texture, format: 'glb' };
  start('mesh', body, `${fileName(studio.look)}.glb`);
}

function start(kind: string, body: Record<string, unknown>, name: string): void {
  jobs
    .run(kind, { model: studio.model?.name, ...body }, name)
    .then((job) => {
      toasts.say(`${name} is ready`, { action: { name: 'Download', run: () => void download(job) } });
    })
    .catch((error: unknown) => toasts.problem(error));
}

/** Save what a job has made, under the name that it was started with. */
export async function download(job: Job): Promise<void> {
  try {
    const artifact = job.result?.artifacts?.[0];
    if (artifact) await saveArtifact(artifact, jobs.titles[job.id] ?? artifact.name);
  } catch (error) {
    toasts.problem(error);
  }
}
