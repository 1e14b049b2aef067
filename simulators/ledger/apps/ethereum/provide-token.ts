import type { Apdu } from '../../os/apdu.ts';
import { answer, StatusError, status } from '../../os/status.ts';
import type { Context } from './context.ts';
import { parseToken } from './token.ts';

/** How many tokens are remembered; one more replaces the oldest. */
const remembered = 5;

/** INS 0A: what Ledger says of a token; the answer is its place. */
export function provideToken(context: Context, { p1, p2, data }: Apdu): Uint8Array {
  if (p1 !== 0 || p2 !== 0) throw new StatusError(status.wrongP1P2, 'token information of another kind');
  const token = parseToken(data);
  const index = context.tokenCount % remembered;
  context.tokens[index] = token;
  context.tokenCount++;
  return answer(Uint8Array.of(index));
}
