import { StatusError, status } from '../../os/status.ts';

const maxDepth = 10;

/** Takes a path (count ‖ count × u32be) off the front of a command's data. */
export function takePath(data: Uint8Array): { readonly path: readonly number[]; readonly rest: Uint8Array } {
  const depth = data[0] ?? 0;
  const end = 1 + depth * 4;
  if (depth === 0 || depth > maxDepth || data.length < end) {
    throw new StatusError(status.incorrectData, `a derivation path of ${depth} steps in ${data.length} bytes`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const path = Array.from({ length: depth }, (_, i) => view.getUint32(1 + i * 4));
  return { path, rest: data.subarray(end) };
}
