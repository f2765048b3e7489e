export { apiKey, blob, query, request, send, setApiKey, type Options } from './client';
export { follow, type ServerEvent } from './events';
export { saveArtifact, saveBlob } from './files';
export { finished, jobs } from './jobs.svelte';
export { asProblem, Problem, type Diagnostic, type FieldError, type ProblemBody } from './problem';
export { View, type Frame, type ViewRequest, type ViewState } from './view';
export type * from './types';
