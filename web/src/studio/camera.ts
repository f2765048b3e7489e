/** Where the camera stands, in degrees and as a zoom; the gateway wants radians and a field of view. */
import type { CameraSpec, Stage } from '../api/types';

export interface Angle {
  yaw: number;
  pitch: number;
  zoom: number;
}

export const FRONT: Angle = { yaw: 0, pitch: 0, zoom: 1 };
export const PITCH = 40;
export const ZOOM = [0.75, 3] as const;

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Keep an angle where models were seen from: all round, not from straight above or below. */
export function kept({ yaw, pitch, zoom }: Angle): Angle {
  return {
    yaw: ((((yaw + 180) % 360) + 360) % 360) - 180,
    pitch: Math.min(PITCH, Math.max(-PITCH, pitch)),
    zoom: Math.min(ZOOM[1], Math.max(ZOOM[0], zoom))
  };
}

/** Return the camera of an angle. Nearer is a narrower field of view, not a shorter way: models draw what lies between
 * two fixed distances, and a camera that went nearer would cut faces open. */
export function toCamera({ yaw, pitch, zoom }: Angle, stage: Stage): CameraSpec {
  const camera: CameraSpec = { yaw: radians(yaw), pitch: radians(pitch) };
  if (Math.abs(zoom - 1) > 1e-3) {
    const usual = stage.fov ?? (360 / Math.PI) * Math.atan(0.5 / (stage.focal ?? 4.26));
    camera.fov = (360 / Math.PI) * Math.atan(Math.tan(radians(usual) / 2) / zoom);
  }
  return camera;
}
