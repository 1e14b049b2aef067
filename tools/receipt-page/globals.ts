import { buffer } from './bytes.ts';

Object.assign(globalThis, { Buffer: buffer });
