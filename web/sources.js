// The digest of everything that the build is made of. A test computes it again, and so holds that the
// committed build belongs to the committed sources.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const ROOTS = ['src', 'public', 'index.html', 'package-lock.json', 'sources.js', 'svelte.config.js', 'vite.config.ts'];

/** Return the paths of all sources below a folder, sorted by code points. */
export function sources(folder) {
  const found = [];
  for (const root of ROOTS) {
    try {
      const below = readdirSync(join(folder, root), { recursive: true, withFileTypes: true });
      for (const entry of below) if (entry.isFile()) found.push(relative(folder, join(entry.parentPath, entry.name)));
    } catch (error) {
      if (error.code !== 'ENOTDIR') throw error;
      found.push(root);
    }
  }
  return found.map((path) => path.split(sep).join('/')).sort();
}

/** Return the SHA-256 of "path, NUL, length, NUL, content" of all sources. */
export function digest(folder) {
  const sum = createHash('sha256');
  for (const path of sources(folder)) {
    const content = readFileSync(join(folder, path));
    sum.update(`${path}\0${content.length}\0`).update(content);
  }
  return sum.digest('hex');
}
