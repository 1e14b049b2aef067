import { readdirSync, readFileSync } from 'node:fs';
import type { Button } from '../../../simulators/ledger/os/view.ts';

/** A flow of the real app under Speculos: one exchange after another, with what a person saw and pressed. */
export interface Recording {
  readonly flow: string;
  readonly model: string;
  readonly app: string;
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  /** Hex, as is the response, which ends with the status word. */
  readonly command: string;
  readonly response: string;
  /** A page's lines joined by newlines; one page a button. */
  readonly screens: readonly string[];
  readonly buttons: readonly Button[];
  readonly screensAfter?: readonly string[];
}

/** A flow over the raw port, where commands come while a review is on the screen. */
export interface PortRecording {
  readonly note: string;
  readonly steps: readonly PortStep[];
}

export type PortStep =
  | { readonly sent: string; readonly got?: readonly string[]; readonly screen: string }
  | { readonly walked: readonly string[]; readonly got: readonly string[]; readonly screen: string }
  | { readonly waited_ms: number }
  | { readonly died: string };

const folder = new URL('../../vectors/ledger/', import.meta.url);

export const recordingNames = (): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace(/\.json$/, ''));

export const readRecording = (name: string): Recording => JSON.parse(read(name));
export const readPortRecording = (name: string): PortRecording => JSON.parse(read(name));

const read = (name: string): string => readFileSync(new URL(`${name}.json`, folder), 'utf8');
