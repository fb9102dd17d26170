// Serves a run as the recorder does, from the document and the bytes of a run.html.
import { createServer } from 'node:http';

const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** `state` can be changed while it serves; `page` is the HTML. */
export async function serve(state, page = '') {
  const piece = ([offset, length]) => {
    const bytes = Buffer.from(state.bytes.slice(offset, offset + length), 'base64');
    return Buffer.concat([u32(bytes.length), bytes]);
  };
  const answer = (path, query) => {
    const { run, report, index, sources, chunks, tiles } = state.document;
    const json = (value) => value && ['application/json', JSON.stringify(value)];
    const binary = (parts) => ['application/octet-stream', Buffer.concat(parts)];
    if (path === '/') return ['text/html', page];
    if (path === '/run.json') return json(run);
    if (path === '/report.json') return json(report);
    if (path === '/index') {
      const since = Number(query.get('since'));
      return json({ ...index, chunks: index.chunks.slice(Math.max(0, since - index.first)) });
    }
    const [, kind, ...rest] = path.split('/');
    if (kind === 'source') return json(sources[rest[0]]);
    const [first, last] = rest.at(-1).split('-').map(Number);
    const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    if (kind === 'chunks') {
      return binary(numbers.map((n) => (n < index.first ? u32(0) : piece(chunks[n - index.first]))));
    }
    if (kind === 'tiles') {
      const level = Number(rest[0]);
      return binary(
        numbers.flatMap((n) => {
          const segments = tiles.find(([k, tile]) => k === level && tile === n)?.[2] ?? [];
          return [u32(segments.length), ...segments.map(piece)];
        }),
      );
    }
    return undefined;
  };
  const requests = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    requests.push(pathname);
    const [type, body] = answer(pathname, searchParams) ?? [];
    if (type) response.writeHead(200, { 'Content-Type': type, Connection: 'close' }).end(body);
    else response.writeHead(404, { Connection: 'close' }).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    requests,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
