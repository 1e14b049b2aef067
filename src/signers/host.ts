import { LedgerBackend } from './ledger/backend.ts';
import { DeviceFailure } from './ledger/failure.ts';
import { openBus } from './ledger/library.ts';
import { ProtocolError } from './lines.ts';
import { encodeMessage, longestRequest, type Reply, type Request } from './protocol.ts';
import { parseRequest } from './requests.ts';
import { serve } from './serve.ts';

// The executable that holds a Ledger for the daemon (design §5). Everything that it is told comes by stdin, everything that it says
// goes to stdout; when stdin closes, it ends. What it imports names the domain's files one by one: it loads no more than it uses.

serve<Request>({
  longestRequest,
  parse: parseRequest,
  configure: (request) => {
    if (request.op !== 'configure') throw new ProtocolError('the configuration comes first');
    const backend = new LedgerBackend(openBus(request));
    return async (asked) => {
      if (asked.op === 'configure') throw new ProtocolError('the configuration comes once');
      return backend.perform(asked);
    };
  },
  encode: (reply) => encodeMessage(reply as Reply),
  failed: (error) =>
    error instanceof DeviceFailure
      ? { result: 'failure', reason: error.reason, message: error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 400) }
      : undefined,
});
