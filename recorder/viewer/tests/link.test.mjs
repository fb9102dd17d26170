import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLink, parseLink } from '../src/app/link.ts';

test('a link holds the whole view', () => {
  const state = {
    tab: 'belt',
    from: 12.5,
    to: 9e9,
    step: 0,
    message: { channel: 3, number: 70 },
    finding: 1,
    lanes: ['t3', 'c0', 'p2'],
    path: true,
  };
  assert.equal(formatLink(state), '#belt&from=12.5&to=9000000000&step=0&message=3.70&finding=1&lanes=t3,c0,p2&path=1');
  assert.deepEqual(parseLink(formatLink(state)), state);
  const little = parseLink('#why');
  assert.equal(formatLink(little), '#why');
});

test('an address that makes no sense is a timeline', () => {
  for (const hash of ['', '#', '#nothing', '#timeline&from=5&to=2&step=-1', '#timeline&step=x&message=1', '#timeline&lanes=<b>,x9&from=NaN&to=1', '#timeline&%%%']) {
    assert.equal(formatLink(parseLink(hash)), '#timeline');
  }
});
