/** What a test of blocking calls and its workers agree on. The answer is the call's result, or the errno negated. */
export interface CallJob {
  readonly kernel: SharedArrayBuffer;
  readonly call:
    | 'accept'
    | 'recv'
    | 'send'
    | 'produce'
    | 'consume'
    | 'serve'
    | 'visit'
    | 'poll'
    | 'kevent'
    | 'waitAsync'
    | 'collector'
    | 'pass';
  readonly fd: number;
  /** Of poll: all that are asked about. The answer has two bits for each: readable, closed. That of kevent is the descriptor of the event, or -1000 if there is none. */
  readonly fds?: readonly number[];
  readonly timeout?: number;
  readonly count?: number;
  readonly salt?: number;
  readonly name?: number;
  readonly waitAll?: boolean;
}
