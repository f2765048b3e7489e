/** Turning by pointer, wheel, pinch and keys. */
import type { Angle } from './camera';

export interface Turn {
  /** Degrees and a factor, to be added to and multiplied with what there is. */
  yaw: number;
  pitch: number;
  zoom: number;
}

export interface OrbitHandlers {
  turn: (turn: Turn) => void;
  rest: () => void;
  reset: () => void;
}

/** A drag across the whole stage turns by this much. */
const DEGREES = 150;
const REST = 160;
const KEYS: Record<string, Partial<Turn>> = {
  ArrowLeft: { yaw: 5 },
  ArrowRight: { yaw: -5 },
  ArrowUp: { pitch: -5 },
  ArrowDown: { pitch: 5 },
  '+': { zoom: 1.08 },
  '=': { zoom: 1.08 },
  '-': { zoom: 1 / 1.08 },
  _: { zoom: 1 / 1.08 }
};

export const turned = (angle: Angle, turn: Turn): Angle => ({
  yaw: angle.yaw + turn.yaw,
  pitch: angle.pitch + turn.pitch,
  zoom: angle.zoom * turn.zoom
});

/** A Svelte attachment that turns what the element shows. */
export function orbit(handlers: OrbitHandlers) {
  return (element: HTMLElement) => {
    const pointers = new Map<number, PointerEvent>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => handlers.rest(), REST);
    };
    const turn = (part: Partial<Turn>) => {
      handlers.turn({ yaw: 0, pitch: 0, zoom: 1, ...part });
      soon();
    };
    const apart = () => {
      const [one, other] = [...pointers.values()];
      return one && other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
    };

    function down(event: PointerEvent) {
      if (event.button) return;
      pointers.set(event.pointerId, event);
      element.setPointerCapture(event.pointerId);
      element.focus({ preventScroll: true });
    }

    function move(event: PointerEvent) {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      const before = apart();
      pointers.set(event.pointerId, event);
      if (pointers.size > 1) {
        const now = apart();
        if (before && now) turn({ zoom: now / before });
        return;
      }
      const scale = DEGREES / Math.max(element.clientWidth, 1);
      const [x, y] = [event.clientX - last.clientX, event.clientY - last.clientY];
      if (x || y) turn({ yaw: -x * scale, pitch: y * scale });
    }

    function up(event: PointerEvent) {
      if (pointers.delete(event.pointerId)) soon();
    }

    function wheel(event: WheelEvent) {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      turn({ zoom: Math.exp(-Math.max(-240, Math.min(240, pixels)) / (event.ctrlKey ? 150 : 800)) });
    }

    function key(event: KeyboardEvent) {
      if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Home' || event.key === '0') {
        event.preventDefault();
        handlers.reset();
        return;
      }
      const part = KEYS[event.key];
      if (!part) return;
      event.preventDefault();
      const far = event.shiftKey && event.key.startsWith('Arrow') ? 3 : 1;
      turn({ ...part, yaw: (part.yaw ?? 0) * far, pitch: (part.pitch ?? 0) * far });
    }

    const stop = new AbortController();
    const { signal } = stop;
    element.addEventListener('pointerdown', down, { signal });
    element.addEventListener('pointermove', move, { signal });
    element.addEventListener('pointerup', up, { signal });
    element.addEventListener('pointercancel', up, { signal });
    element.addEventListener('wheel', wheel, { signal, passive: false });
    element.addEventListener('keydown', key, { signal });
    element.addEventListener('dblclick', () => handlers.reset(), { signal });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  };
}
