import { Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import {
  TransactionServiceService,
  TransactionState,
  WatchTransactionsRequest,
  WatchTransactionsResponse,
} from '../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService } from '../src/generated/portcullis/v1/withdrawal.ts';
import { echoPath, echoTwicePath } from './echo.ts';
import type { Ready } from './server.ts';
import type { Work } from './work.ts';

const same = (bytes: Buffer): Buffer => bytes;
/** As long as the requests of the budget's echo. */
const echoed = Buffer.alloc(300, 7);

/** The bench's end of one gRPC connection over mutual TLS; requests go as the bytes that were made beforehand. */
export class BenchClient {
  readonly #client: Client;

  constructor(port: number, { tls }: Ready) {
    const bytes = (of: Uint8Array): Buffer => Buffer.from(of);
    const channel = credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert));
    this.#client = new Client(`localhost:${port}`, channel, { 'grpc.use_local_subchannel_pool': 1 });
  }

  close(): void {
    this.#client.close();
  }

  /** Authorizes, has it signed, and waits until the signed transaction is there. */
  async authorizeAndSign(work: Work): Promise<void> {
    await this.authorizeAndPermit(work);
    await this.#signed(work);
  }

  /** The station has decided twice; the signature comes when it comes. */
  async authorizeAndPermit(work: Work): Promise<void> {
    await this.#call(WithdrawalServiceService.authorizeWithdrawal.path, work.authorize);
    await this.#call(TransactionServiceService.signTransaction.path, work.sign);
  }

  /** One call for both decisions. */
  async inline(work: Work): Promise<void> {
    await this.#call(TransactionServiceService.signTransaction.path, work.inline);
  }

  async echo(): Promise<void> {
    await this.#call(echoPath, echoed);
  }

  async echoTwice(): Promise<void> {
    let heard = 0;
    await this.#until(echoTwicePath, echoed, () => ++heard === 2);
  }

  async #signed({ transaction }: Work): Promise<void> {
    const request = WatchTransactionsRequest.encode({ transactionIds: [transaction] }).finish();
    await this.#until(TransactionServiceService.watchTransactions.path, request, (bytes) => {
      const told = WatchTransactionsResponse.decode(bytes).transaction;
      if (told === undefined || (told.blockedBy !== '' && told.state !== TransactionState.SENT)) {
        throw new Error(`transaction ${transaction} is blocked by ${told?.blockedBy}`);
      }
      return told.state === TransactionState.SIGNED;
    });
  }

  #call(path: string, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, Buffer.from(bytes), (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }

  /** Reads a stream until `enough` says so, then lets go of it. */
  #until(path: string, bytes: Uint8Array, enough: (message: Buffer) => boolean): Promise<void> {
    const stream: ClientReadableStream<Buffer> = this.#client.makeServerStreamRequest(
      path,
      same,
      same,
      Buffer.from(bytes),
    );
    return new Promise((resolve, reject) => {
      let done = false;
      stream.on('data', (message: Buffer) => {
        if (done) return;
        try {
          done = enough(message);
        } catch (error) {
          reject(error);
          stream.cancel();
        }
        if (!done) return;
        resolve();
        stream.cancel();
      });
      stream.on('error', (error) => {
        if (!done) reject(error);
      });
      stream.on('end', () => {
        if (!done) reject(new Error(`${path} ended too early`));
      });
    });
  }
}
