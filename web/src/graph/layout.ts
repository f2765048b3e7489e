/** Where the blocks of a graph stand: layered from left to right by dagre. */

import dagre from '@dagrejs/dagre';
import type { Block, Blocks } from './blocks';

export const WIDTH = 216;
const HEAD = 48;
const ROW = 22;
const FOOT = 8;
const MEASURE = 24;
const SCOPE_HEAD = 34;

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Points = { x: number; y: number }[];

export interface Layout {
  places: Map<string, Place>;
  /** The bends of each wire between its two ends. */
  bends: Map<string, Points>;
}

/** How large a block is drawn; its style keeps to these numbers. */
export function sizeOf(block: Block, measured: boolean): { width: number; height: number } {
  const end = block.kind === 'inputs' || block.kind === 'outputs';
  const rows = Math.max(block.inputs.length, block.outputs.length);
  const bar = measured && block.steps.length ? MEASURE : 0;
  return { width: end ? WIDTH - 16 : WIDTH, height: (end ? 34 : HEAD) + bar + rows * ROW + FOOT };
}

/** Place all blocks. Positions are absolute; a scope encloses what stands in it. */
export function layOut({ blocks, wires }: Blocks, direction: 'LR' | 'TB', measured: boolean): Layout {
  const graph = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: 24, ranksep: direction === 'LR' ? 52 : 36, edgesep: 16, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const block of blocks) graph.setNode(block.id, block.kind === 'scope' ? {} : sizeOf(block, measured));
  for (const block of blocks) if (block.parent !== null && graph.hasNode(block.parent)) graph.setParent(block.id, block.parent);
  for (const wire of wires) graph.setEdge(wire.from, wire.to, {}, wire.id);
  dagre.layout(graph);

  const places = new Map<string, Place>();
  for (const block of blocks) {
    if (block.kind === 'scope') continue;
    const { x, y, width, height } = graph.node(block.id) as Place;
    places.set(block.id, { x: x - width / 2, y: y - height / 2, width, height });
  }
  // Scopes are drawn tight around what they hold, with room for their heads; inner ones come last in `blocks`.
  for (const scope of blocks.filter((block) => block.kind === 'scope').reverse())
    places.set(scope.id, around(blocks.filter((block) => block.parent === scope.id).map((block) => places.get(block.id)!)));

  const bends = new Map<string, Points>();
  for (const wire of wires) {
    const edge = graph.edge(wire.from, wire.to, wire.id) as { points?: Points };
    bends.set(wire.id, (edge.points ?? []).slice(1, -1));
  }
  return { places, bends };
}

function around(places: Place[]): Place {
  const left = Math.min(...places.map((p) => p.x)) - 16;
  const top = Math.min(...places.map((p) => p.y)) - SCOPE_HEAD - 8;
  const right = Math.max(...places.map((p) => p.x + p.width)) + 16;
  const bottom = Math.max(...places.map((p) => p.y + p.height)) + 16;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
