import { hexToBytes } from '@noble/curves/utils.js';
import { malformed } from './refusal.ts';

/** The bodies that Speculos takes, by the JSON schemas that it publishes. Each parser throws a Refusal. */

const actions = ['press', 'release', 'press-and-release'] as const;
const ticks = ['pause', 'resume', 'single-step'] as const;

export interface Press {
  readonly action: (typeof actions)[number];
  /** Absent where the request doesn't name one. */
  readonly delayMs?: number;
}

export interface Touch {
  readonly x: number;
  readonly y: number;
  readonly action: (typeof actions)[number];
  readonly heldMs: number;
}

/** `tick_timeout` is Speculos': how long its real app may take, in its time. Nothing here takes that long. */
export function parseApduBody(json: unknown): Uint8Array {
  const { data, tick_timeout } = fields(json, ['data', 'tick_timeout']);
  if (typeof data !== 'string' || !/^([a-fA-F0-9]{2})+$/.test(data)) {
    throw malformed('data: a text of whole bytes in hex is needed');
  }
  if (tick_timeout !== undefined && typeof tick_timeout !== 'number') throw malformed('tick_timeout: not a number');
  return hexToBytes(data);
}

export function parsePress(json: unknown): Press {
  const { action, delay } = fields(json, ['action', 'delay']);
  return {
    action: oneOf(actions, action),
    ...(delay === undefined ? {} : { delayMs: milliseconds(delay) }),
  };
}

export function parseTouch(json: unknown): Touch {
  const { x, y, x2, y2, action, delay } = fields(json, ['x', 'y', 'x2', 'y2', 'action', 'delay']);
  if (x2 !== undefined || y2 !== undefined)
    throw malformed('x2, y2: swipes are not emulated; pages turn at the arrows');
  return {
    x: coordinate(x, 'x'),
    y: coordinate(y, 'y'),
    action: oneOf(actions, action),
    heldMs: delay === undefined ? 0 : milliseconds(delay),
  };
}

export const parseTick = (json: unknown): (typeof ticks)[number] => oneOf(ticks, fields(json, ['action'])['action']);

function fields(json: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed('the body is not an object');
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) throw malformed(`unknown key ${unknown}; known are ${known.join(', ')}`);
  return { ...json };
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw malformed(`action: one of ${words.join(', ')} is needed`);
  return word;
}

function coordinate(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw malformed(`${name}: a whole number of pixels from 0 is needed`);
}

/** Speculos counts in seconds. */
function milliseconds(seconds: unknown): number {
  if (typeof seconds === 'number' && seconds >= 0) return seconds * 1000;
  throw malformed('delay: a number of seconds from 0 is needed');
}
