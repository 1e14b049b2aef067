// The room's public face.
export type { Finding } from './finding.ts';
export { acknowledge, found, now, type Witnessed, witness } from './witness.ts';
