import type { ChildProtocol } from '../child.ts';
import { encodeMessage, longestReply, longestRequest, type Operation, type Result, resultOf } from '../protocol.ts';
import { parseReply } from '../replies.ts';

/** What is said to the child that holds a Ledger. */
export const ledgerProtocol: ChildProtocol<Operation, Result> = {
  longestRequest,
  longestReply,
  encode: encodeMessage,
  parse: (line) => {
    const { id, ...result } = parseReply(line);
    return { id, result };
  },
  answers: (operation, { result }) => result === resultOf(operation),
};
