/** Files onto the disk of whoever uses the studio. */
import { apiKey, request } from './client';
import type { ArtifactLink } from './types';

function click(url: string, name: string): void {
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

/** Save bytes that the page has. */
export function saveBlob(data: Blob, name: string): void {
  const url = URL.createObjectURL(data);
  click(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Save an artifact; where a key is needed, through an address that is signed for a while. */
export async function saveArtifact(artifact: ArtifactLink, name = artifact.name): Promise<void> {
  let url = `/v1/artifacts/${artifact.digest}?name=${encodeURIComponent(name)}`;
  if (apiKey()) {
    const signed = { json: { name, seconds: 600 } };
    url = (await request<{ url: string }>(`/v1/artifacts/${artifact.digest}/sign`, signed)).url;
  }
  click(url, name);
}
