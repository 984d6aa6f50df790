import { ApiError } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomeStatus, parseResize, readMessage } from './channels.ts';
import { dataFrame, pingFrame, readFrame, readHeaders, rstFrame, SpdyError, writeHeaders } from './spdy-frames.ts';

const notFound = new ApiError('NotFound', 'container not found ("b")').status;
const bytes = fc.uint8Array({ maxLength: 200 }).map((part) => Buffer.from(part));

describe('SPDY frames', () => {
  it('of any bytes are read, waited for, or refused; nothing else', () => {
    fc.assert(
      fc.property(bytes, (buffer) => {
        try {
          const read = readFrame(buffer);
          if (read !== undefined) expect(read.rest.length).toBeLessThanOrEqual(buffer.length - 8);
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it('are read as they were written, however many stand behind each other', () => {
    const frames = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 31 - 1 }), bytes, fc.boolean()), { maxLength: 10 });
    fc.assert(
      fc.property(frames, (list) => {
        let rest: Buffer = Buffer.concat(list.map(([stream, data, fin]) => dataFrame(stream, data, fin)));
        for (const [stream, data, fin] of list) {
          const read = readFrame(rest);
          expect(read?.frame).toEqual({ type: 'data', stream, fin, data });
          rest = read?.rest ?? Buffer.alloc(0);
        }
        expect(rest).toHaveLength(0);
      }),
    );
  });

  it.each([
    ['a ping', pingFrame(7), { type: 'ping', id: 7 }],
    ['a reset', rstFrame(9), { type: 'rst', stream: 9 }],
  ])('%s is read, and waited for while it is not whole', (_, whole, frame) => {
    expect(readFrame(whole)?.frame).toEqual(frame);
    for (let length = 0; length < whole.length; length++) expect(readFrame(whole.subarray(0, length))).toBeUndefined();
  });

  it('carry header blocks both ways, and refuse blocks that lie', () => {
    const headers = fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string({ maxLength: 20, unit: 'grapheme' }));
    fc.assert(
      fc.property(headers, (list) => {
        const map = new Map(Object.entries(list));
        expect(readHeaders(writeHeaders(map))).toEqual(map);
      }),
    );
    fc.assert(
      fc.property(bytes, (block) => {
        try {
          readHeaders(block);
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });
});

describe('WebSocket channels', () => {
  it('read any message without fault', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom('v4.channel.k8s.io' as const, 'v5.channel.k8s.io' as const),
        (message, protocol) => {
          expect(['stdin', 'resize', 'closeStdin', 'ignored']).toContain(readMessage(message, protocol).type);
        },
      ),
    );
  });

  it('close stdin in v5 only', () => {
    expect(readMessage(Buffer.from([255, 0]), 'v5.channel.k8s.io')).toEqual({ type: 'closeStdin' });
    expect(readMessage(Buffer.from([255, 1]), 'v5.channel.k8s.io')).toEqual({ type: 'ignored' });
    expect(readMessage(Buffer.from([255, 0]), 'v4.channel.k8s.io')).toEqual({ type: 'ignored' });
  });

  it.each([
    ['{"Width":80,"Height":24}', { type: 'resize', columns: 80, rows: 24 }],
    ['{"Width":65535,"Height":1}', { type: 'resize', columns: 65_535, rows: 1 }],
    ['{"Width":65536,"Height":1}', undefined],
    ['{"Width":1.5,"Height":1}', undefined],
    ['{"Width":80}', undefined],
    ['"80x24"', undefined],
    ['', undefined],
  ])('H-191 take %s as %j', (text, expected) => {
    expect(parseResize(Buffer.from(text))).toEqual(expected);
  });

  it.each([
    [
      { exitCode: 0, status: undefined },
      { metadata: {}, status: 'Success' },
    ],
    [
      { exitCode: undefined, status: undefined },
      { metadata: {}, status: 'Success' },
    ],
    [
      { exitCode: 137, status: undefined },
      {
        ...{ metadata: {}, status: 'Failure', reason: 'NonZeroExitCode' },
        message: 'command terminated with non-zero exit code: exit status 137',
        details: { causes: [{ reason: 'ExitCode', message: '137' }] },
      },
    ],
    [
      { exitCode: undefined, status: notFound },
      {
        ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'InternalError', code: 500 },
        message: 'Internal error occurred: unable to upgrade connection: container not found ("b")',
        details: { causes: [{ message: 'unable to upgrade connection: container not found ("b")' }] },
      },
    ],
  ])('tell the outcome %j', (outcome, expected) => {
    expect(JSON.parse(outcomeStatus(outcome, 'websocket'))).toEqual(expected);
  });

  it('tell over SPDY of a container that is not there as of an upgrade refused', () => {
    expect(JSON.parse(outcomeStatus({ exitCode: undefined, status: notFound }, 'spdy'))).toMatchObject({
      message: 'unable to upgrade connection: container not found ("b")',
      code: 404,
    });
  });
});
