import { ProtocolError } from '../lines.ts';
import { serve } from '../serve.ts';
import { Pkcs11Backend, printable } from './backend.ts';
import { TokenFailure } from './failure.ts';
import { encode, longestMessage, type Request } from './protocol.ts';
import { parseRequest } from './requests.ts';

// The executable that loads a vendor's PKCS#11 module for the daemon (design §5): whatever that does, it does here.

serve<Request>({
  longestRequest: longestMessage,
  parse: parseRequest,
  configure: (request) => {
    if (request.op !== 'configure') throw new ProtocolError('the configuration comes first');
    const backend = new Pkcs11Backend(request);
    return async (asked) => {
      if (asked.op === 'configure') throw new ProtocolError('the configuration comes once');
      return backend.perform(asked);
    };
  },
  encode,
  failed: (error) =>
    error instanceof TokenFailure
      ? { result: 'failure', reason: error.reason, message: printable(error.message) }
      : undefined,
});
