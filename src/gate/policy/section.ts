import type { Members } from '../document.ts';
import type { Change } from './change.ts';

/**
 * One part of the policy: it reads its members, says them in English, and knows for each which way is looser. `Context`: what
 * else of the policy it looks at to do so.
 */
export interface Section<Part, Context = Part> {
  /** What it is about, as a heading. */
  readonly title: string;
  /** Takes its members out of the policy's document. Throws `Malformed` with the member's place. */
  parse(top: Members): Part;
  changes(was: Part & Context, will: Part & Context): readonly Change[];
  /** A sentence each. */
  say(policy: Part & Context): readonly string[];
}
