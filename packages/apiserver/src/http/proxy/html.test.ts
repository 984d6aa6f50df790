import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHtmlRewriter, rewriteUrl } from './html.ts';

const prefix = '/api/v1/namespaces/d/pods/p/proxy';
const rewrite = (url: string): string => rewriteUrl(url, prefix, 'api:6443');
const rewritten = (...pieces: string[]): string => {
  const rewriter = createHtmlRewriter(rewrite);
  return pieces.map(rewriter.push).join('') + rewriter.end();
};

describe('a URL', () => {
  it.each([
    ['/', `${prefix}/`],
    ['/a/b?c=/d#e', `${prefix}/a/b?c=/d#e`],
    ['http://api:6443/a', `http://api:6443${prefix}/a`],
    ['//api:6443/a', `//api:6443${prefix}/a`],
    ['http://other/a', 'http://other/a'],
    ['//other/a', '//other/a'],
    ['a/b', 'a/b'],
    ['../a', '../a'],
    ['#x', '#x'],
    ['', ''],
    ['mailto:a@b', 'mailto:a@b'],
    [`${prefix}/a`, `${prefix}/a`],
    [`${prefix}x`, `${prefix}${prefix}x`],
  ])('%s becomes %s', (url, expected) => expect(rewrite(url)).toBe(expected));
});

describe('a page', () => {
  it.each([
    ['<a href="/x">t</a>', `<a href="${prefix}/x">t</a>`],
    ["<A HREF='/x' class=y>", `<A HREF='${prefix}/x' class=y>`],
    ['<img src=/i.png alt="a > b">', `<img src=${prefix}/i.png alt="a > b">`],
    ['<form action = "/go">', `<form action = "${prefix}/go">`],
    ['<script src="/s.js"></script>', `<script src="${prefix}/s.js"></script>`],
    ['<p title="/x">/x</p>', '<p title="/x">/x</p>'],
    ['<a data-x=" href=\'/y\'" href="/x">', `<a data-x=" href='/y'" href="${prefix}/x">`],
    ['<!-- <a href="/x"> -->', '<!-- <a href="/x"> -->'],
    [
      '<script>if (a < b) "<a href=\'/x\'>"</script><a href="/y">',
      `<script>if (a < b) "<a href='/x'>"</script><a href="${prefix}/y">`,
    ],
    ['1 < 2 <a href="/x">', `1 < 2 <a href="${prefix}/x">`],
    ['<a href="/x', '<a href="/x'],
    ["it's <b>", "it's <b>"],
  ])('%s', (page, expected) => expect(rewritten(page)).toBe(expected));

  it('comes out the same however it is cut', () => {
    const page = '<!doctype html><a href="/x">é</a><script>"<a href=\'/n\'>"</script ><!-- - > --><img src=/a><b>1<2';
    fc.assert(
      fc.property(fc.array(fc.nat(page.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), page.length];
        expect(rewritten(...at.slice(1).map((end, i) => page.slice(at[i], end)))).toBe(rewritten(page));
      }),
    );
  });

  it('any text passes', () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(rewritten(text).length).toBeGreaterThanOrEqual(text.length);
      }),
    ));

  it('a tag without end is not held for ever', () => {
    const rewriter = createHtmlRewriter(rewrite);
    expect(rewriter.push(`<a title="${'x'.repeat(100_000)}`).length).toBeGreaterThan(65_000);
  });
});
