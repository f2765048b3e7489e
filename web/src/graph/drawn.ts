/** A drawn graph as the page works with it, read from what the server says. */

export interface PortType {
  text: string;
  /** Axes as written, or null for what is no tensor. */
  shape: string[] | null;
  meaning: string | null;
}

/** Where a value comes from: an input of the graph, or an output of a step. */
export interface Source {
  step: string | null;
  port: string;
}

export interface Port extends PortType {
  name: string;
  sources: Source[];
  /** What stands in the recipe in place of a wire. */
  constant?: string;
  fallback?: string;
}

export interface Step {
  name: string;
  call: string;
  component: string;
  type: string;
  operation: string;
  purpose: string;
  inputs: Port[];
  outputs: Port[];
  line: number | null;
}

export interface Graph {
  name: string;
  description: string;
  inputs: Port[];
  steps: Step[];
  outputs: Port[];
  /** Which graph each nested one is a copy of, by its place: `fake` is `softly_judged`. */
  nested: Record<string, string>;
}

type Json = Record<string, unknown>;

/** Read one graph of `graphs` in the answers about recipes. */
export function readGraph(data: Json): Graph {
  const steps = list(data.steps).map(readStep);
  const graph: Graph = {
    name: text(data.name),
    description: text(data.description),
    inputs: list(data.inputs).map((port) => readPort(port)),
    steps,
    outputs: list(data.outputs).map((port) => readPort(port)),
    nested: Object.fromEntries(list(data.groups).map((group) => [text(group.name), text(group.graph)]))
  };
  for (const step of steps) for (const port of step.inputs) settle(port, graph);
  for (const port of graph.outputs) settle(port, graph);
  return graph;
}

function readStep(data: Json): Step {
  return {
    name: text(data.name),
    call: text(data.call ?? data.calls),
    component: text(data.component),
    type: text(data.type),
    operation: text(data.operation),
    purpose: text(data.purpose),
    inputs: list(data.inputs).map((port) => readPort(port)),
    outputs: list(data.outputs).map((port) => readPort(port)),
    line: typeof data.line === 'number' ? data.line : null,
  };
}

function readPort(data: Json): Port {
  const type = isMap(data.type) ? data.type : data;
  const shape = type.shape ?? data.shape;
  const port: Port = {
    name: text(data.name),
    text: text(isMap(data.type) ? type.text : data.type),
    shape: Array.isArray(shape) ? shape.map(String) : null,
    meaning: typeof (type.meaning ?? data.meaning) === 'string' ? text(type.meaning ?? data.meaning) : null,
    sources: [],
  };
  readSource(data.from, port);
  if (data.required === false || (data.default !== undefined && data.default !== null))
    port.fallback = JSON.stringify(data.default ?? null);
  return port;
}

/** Sources are maps ({input}, {step, output}, {value}) or names ("step.output"), alone or several. */
function readSource(from: unknown, port: Port): void {
  if (typeof from === 'string') port.sources.push({ step: null, port: from });
  else if (Array.isArray(from)) from.forEach((part) => readSource(part, port));
  else if (isMap(from)) {
    if (typeof from.input === 'string') port.sources.push({ step: null, port: from.input });
    else if (typeof from.step === 'string') port.sources.push({ step: from.step, port: text(from.output ?? '') });
    else if ('value' in from) port.constant = JSON.stringify(from.value);
    else Object.values(from).forEach((part) => readSource(part, port));
  }
}

/** Find the step behind a name such as "view.image", and the one output of a step named alone. */
function settle(port: Port, graph: Graph): void {
  port.sources = port.sources.map((source) => {
    if (source.step === null) {
      const bare = source.port.replace(/^inputs?\./, '');
      if (graph.inputs.some((input) => input.name === bare)) return { step: null, port: bare };
      const owner = graph.steps
        .filter((step) => source.port === step.name || source.port.startsWith(step.name + '.'))
        .sort((a, b) => b.name.length - a.name.length)[0];
      if (!owner) return source;
      return outputOf(owner, source.port.slice(owner.name.length + 1));
    }
    const step = graph.steps.find((step) => step.name === source.step);
    return step ? outputOf(step, source.port) : source;
  });
}

function outputOf(step: Step, port: string): Source {
  const known = step.outputs.some((output) => output.name === port);
  return { step: step.name, port: known ? port : (step.outputs[0]?.name ?? port) };
}

/** Say a port's type shortly: its axes, or its name for what is no tensor. */
export function shapeText(port: PortType): string {
  if (!port.shape) return port.text;
  return port.shape.length ? port.shape.join('\u00d7') : 'scalar';
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
