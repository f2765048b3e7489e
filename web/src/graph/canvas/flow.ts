/** Blocks and wires as the nodes and edges of Svelte Flow. */

import type { Edge, Node } from '@xyflow/svelte';
import { Position } from '@xyflow/svelte';
import type { Block, Blocks, WireLine } from '../blocks';
import { layOut, sizeOf, type Points } from '../layout';
import { colourOf } from '../meaning';

export type Direction = 'LR' | 'TB';

export type BlockNode = Node<{ block: Block; direction: Direction }>;
export type WireEdge = Edge<{ wire: WireLine; bends: Points; direction: Direction }>;

const KINDS = { step: 'step', folded: 'step', scope: 'scope', inputs: 'end', outputs: 'end' } as const;

/** Return nodes and edges with their places. */
export function toFlow(
  seen: Blocks,
  direction: Direction,
  measured = false
): { nodes: BlockNode[]; edges: WireEdge[] } {
  const { places, bends } = layOut(seen, direction, measured);
  const nodes = seen.blocks.map((block): BlockNode => {
    const place = places.get(block.id) ?? { x: 0, y: 0, ...sizeOf(block, measured) };
    const scope = block.kind === 'scope';
    return {
      id: block.id,
      type: KINDS[block.kind],
      data: { block, direction },
      position: { x: place.x, y: place.y },
      width: place.width,
      height: place.height,
      sourcePosition: direction === 'LR' ? Position.Right : Position.Bottom,
      targetPosition: direction === 'LR' ? Position.Left : Position.Top,
      zIndex: scope ? -1 : 2,
      draggable: !scope,
      connectable: false,
      deletable: false,
      ariaRole: 'group',
      ariaLabel: spoken(block, seen.wires)
    };
  });
  const edges = seen.wires.map((wire): WireEdge => {
    const middle = bends.get(wire.id) ?? [];
    return {
      id: wire.id,
      type: 'wire',
      source: wire.from,
      sourceHandle: `out:${wire.fromPort}`,
      target: wire.to,
      targetHandle: `in:${wire.toPort}`,
      data: { wire, bends: middle.length > 1 ? middle : [], direction },
      style: `--port: ${colourOf(wire.meaning)}`,
      focusable: false,
      selectable: false,
      deletable: false,
      ariaLabel: wire.label
    };
  });
  return { nodes, edges };
}

/** Say a block and its wires in a sentence for screen readers. */
function spoken(block: Block, wires: WireLine[]): string {
  const names = (ids: string[]): string => [...new Set(ids.map((id) => id.replace(/^:/, '')))].join(', ');
  const from = names(wires.filter((wire) => wire.to === block.id).map((wire) => wire.from));
  const to = names(wires.filter((wire) => wire.from === block.id).map((wire) => wire.to));
  const kind = { step: 'Step', folded: 'Folded graph', scope: 'Nested graph', inputs: '', outputs: '' }[block.kind];
  return [`${kind} ${block.label}`.trim(), block.detail, from && `takes from ${from}`, to && `gives to ${to}`]
    .filter(Boolean)
    .join(', ');
}
