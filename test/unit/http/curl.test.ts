import { execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { curlLine } from '#src/http/response/curl.js';

const url = 'http://localhost/x';

describe('http/response/curl', () => {
  const lines: [string, Parameters<typeof curlLine>[0], string][] = [
    ['GET', { method: 'GET', url, headers: { host: 'localhost' }, body: undefined }, 'curl http://localhost/x'],
    ['HEAD', { method: 'HEAD', url, headers: {}, body: undefined }, 'curl --head http://localhost/x'],
    ['DELETE', { method: 'DELETE', url, headers: {}, body: undefined }, 'curl -X DELETE http://localhost/x'],
    [
      'POST',
      {
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', 'content-length': '9' },
        body: Buffer.from(`{"a":"'"}`),
      },
      `curl http://localhost/x -H 'content-type: application/json' --data-binary '{"a":"'\\''"}'`,
    ],
    [
      'repeated headers and decoding',
      {
        method: 'GET',
        url: `${url}?a=1&b=2`,
        headers: { 'x-a': ['1', '2'], 'accept-encoding': 'gzip' },
        body: undefined,
      },
      `curl 'http://localhost/x?a=1&b=2' -H 'x-a: 1' -H 'x-a: 2' --compressed`,
    ],
    [
      'bytes that are no text',
      { method: 'PUT', url, headers: {}, body: Buffer.from([0xff, 0xfe]) },
      'curl -X PUT http://localhost/x --data-binary @a-file-with-the-2-bytes-that-the-test-sent',
    ],
    [
      'a stream',
      { method: 'POST', url, headers: {}, body: Readable.from([]) },
      'curl http://localhost/x --data-binary @the-stream-that-the-test-sent',
    ],
  ];
  for (const [name, request, expected] of lines) {
    it(name, () => expect(curlLine(request)).to.equal(expected));
  }

  it('is read by a shell as it was meant', () => {
    const body = `it's $HOME "quoted" \\ and\nnew`;
    const line = curlLine({ method: 'POST', url, headers: {}, body: Buffer.from(body) });
    const printed = execFileSync('sh', ['-c', line.replace(/^curl/, `printf '%s\\n'`)]).toString();
    expect(printed).to.equal(`${url}\n--data-binary\n${body}\n`);
  });
});
