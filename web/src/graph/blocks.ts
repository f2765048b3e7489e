/** A graph with some of its nested graphs folded: blocks with ports, and wires between them. */

import type { Graph, Port, Source, Step } from './drawn';

export const INPUTS = ':inputs';
export const OUTPUTS = ':outputs';

export interface Block {
  id: string;
  kind: 'step' | 'folded' | 'scope' | 'inputs' | 'outputs';
  /** The last part of its name. */
  label: string;
  /** What it calls, in a few words. */
  detail: string;
  /** The unfolded nested graph that it stands in. */
  parent: string | null;
  inputs: Port[];
  outputs: Port[];
  /** The steps in it. */
  steps: Step[];
}

export interface WireLine {
  id: string;
  from: string;
  fromPort: string;
  to: string;
  toPort: string;
  meaning: string | null;
  label: string;
}

export interface Blocks {
  blocks: Block[];
  wires: WireLine[];
}

/** Return the nested graphs of a graph, outer before inner: "fake", "fake.head", ... */
export function scopes(graph: Graph): string[] {
  const found = new Set<string>();
  for (const step of graph.steps) {
    const parts = step.name.split('.');
    for (let length = 1; length < parts.length; length++) found.add(parts.slice(0, length).join('.'));
  }
  return [...found];
}

/** Lay out what is seen of a graph; `all` are the recipe's graphs, to name the ports of nested ones as they do. */
export function toBlocks(graph: Graph, folded: ReadonlySet<string>, all: readonly Graph[]): Blocks {
  const holder = (name: string): string => {
    const parts = name.split('.');
    for (let length = 1; length < parts.length; length++) {
      const scope = parts.slice(0, length).join('.');
      if (folded.has(scope)) return scope;
    }
    return name;
  };
  const blocks: Block[] = [];
  if (graph.inputs.length) blocks.push(end(INPUTS, 'inputs', 'Inputs', [], graph.inputs));
  const seen = new Set<string>();
  for (const step of graph.steps) {
    const parts = step.name.split('.');
    for (let length = 1; length < parts.length; length++) {
      const scope = parts.slice(0, length).join('.');
      if (seen.has(scope)) continue;
      if (folded.has(scope)) {
        seen.add(scope);
        blocks.push(foldedBlock(graph, scope, all));
      }
      if (isHidden(scope, folded)) break;
      if (!seen.has(scope)) {
        seen.add(scope);
        const steps = inside(graph, scope);
        blocks.push({
          id: scope, kind: 'scope', label: last(scope), detail: graph.nested[scope] ?? 'graph',
          parent: parentOf(scope), inputs: [], outputs: [], steps,
        });
      }
    }
    if (holder(step.name) !== step.name) continue;
    blocks.push({
      id: step.name, kind: 'step', label: last(step.name), detail: called(step), parent: parentOf(step.name),
      inputs: step.inputs.filter((port) => port.sources.length), outputs: step.outputs, steps: [step],
    });
  }
  if (graph.outputs.length) blocks.push(end(OUTPUTS, 'outputs', 'Outputs', graph.outputs, []));
  return { blocks, wires: wiresOf(graph, blocks, holder) };
}

function isHidden(scope: string, folded: ReadonlySet<string>): boolean {
  return [...folded].some((name) => scope === name || scope.startsWith(name + '.'));
}

function end(id: string, kind: 'inputs' | 'outputs', label: string, inputs: Port[], outputs: Port[]): Block {
  return { id, kind, label, detail: '', parent: null, inputs, outputs, steps: [] };
}

export function called(step: Step): string {
  return step.operation && step.operation !== 'forward' ? `${step.type}: ${step.operation}` : step.type;
}

function last(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function parentOf(name: string): string | null {
  const cut = name.lastIndexOf('.');
  return cut < 0 ? null : name.slice(0, cut);
}

function inside(graph: Graph, scope: string): Step[] {
  return graph.steps.filter((step) => step.name.startsWith(scope + '.'));
}

/** Find the recipe's own graph of which the steps in a scope are a copy. */
function counterpart(graph: Graph, scope: string, all: readonly Graph[]): Graph | undefined {
  return all.find((other) => other.name === graph.nested[scope]);
}

function foldedBlock(graph: Graph, scope: string, all: readonly Graph[]): Block {
  const steps = inside(graph, scope);
  const names = new Set(steps.map((step) => step.name));
  const nested = counterpart(graph, scope, all);
  const inputs: Port[] = [];
  for (const step of steps)
    for (const port of step.inputs)
      for (const [index, source] of port.sources.entries()) {
        if ((source.step !== null && names.has(source.step)) || inputs.some((other) => same(other.sources[0], source)))
          continue;
        const twin = nested?.steps.find((other) => scope + '.' + other.name === step.name);
        const outer = twin?.inputs.find((other) => other.name === port.name)?.sources[index];
        inputs.push({ ...port, name: outer?.step === null ? outer.port : spoken(source), sources: [source] });
      }
  const outputs: Port[] = [];
  const leaving = [...graph.outputs, ...graph.steps.filter((s) => !names.has(s.name)).flatMap((s) => s.inputs)];
  for (const port of leaving)
    for (const source of port.sources) {
      if (source.step === null || !names.has(source.step)) continue;
      if (outputs.some((other) => same(other.sources[0], source))) continue;
      const type = steps.find((s) => s.name === source.step)?.outputs.find((o) => o.name === source.port) ?? port;
      const outer = nested?.outputs.find((other) =>
        other.sources.some((s) => scope + '.' + (s.step ?? '') === source.step && s.port === source.port));
      outputs.push({ ...type, name: outer?.name ?? last(source.step), sources: [source] });
    }
  return {
    id: scope, kind: 'folded', label: last(scope), detail: graph.nested[scope] ?? 'graph', parent: parentOf(scope),
    inputs, outputs, steps,
  };
}

function same(a: Source | undefined, b: Source): boolean {
  return a?.step === b.step && a?.port === b.port;
}

function spoken(source: Source): string {
  return source.step === null ? source.port : `${last(source.step)}.${source.port}`;
}

function wiresOf(graph: Graph, blocks: Block[], holder: (name: string) => string): WireLine[] {
  const wires = new Map<string, WireLine>();
  const folds = new Map(blocks.filter((block) => block.kind === 'folded').map((block) => [block.id, block]));
  const connect = (source: Source, to: string, port: Port): void => {
    const from = source.step === null ? INPUTS : holder(source.step);
    const target = to === OUTPUTS ? OUTPUTS : holder(to);
    if (from === target) return;
    const fromPort = folds.get(from)?.outputs.find((o) => same(o.sources[0], source))?.name ?? source.port;
    const toPort = folds.get(target)?.inputs.find((i) => same(i.sources[0], source))?.name ?? port.name;
    const id = `${from}/${fromPort}>${target}/${toPort}`;
    const label = `${spoken(source)} to ${to === OUTPUTS ? port.name : `${last(to)}.${port.name}`}`;
    wires.set(id, { id, from, fromPort, to: target, toPort, meaning: port.meaning, label });
  };
  for (const step of graph.steps)
    for (const port of step.inputs) for (const source of port.sources) connect(source, step.name, port);
  for (const port of graph.outputs) for (const source of port.sources) connect(source, OUTPUTS, port);
  return [...wires.values()];
}
