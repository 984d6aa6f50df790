import { describe, expect, test } from 'vitest';
import { readDeclarations } from './declarations.ts';

test('imports, messages, oneofs, enums and services', () => {
  const { imports, messages, enums, services } = readDeclarations(`
    syntax = "proto3";
    package skiff.v1; // of the contract
    import "google/protobuf/any.proto";
    // message Absent { string a = 1; }
    service Things {
      rpc Get(Wanted) returns (Thing);
      rpc Talk(stream Wanted) returns (stream Thing);
    }
    message Wanted {}
    message Thing {
      repeated string its_names = 1;
      oneof what { int64 count = 2; google.protobuf.Any message = 3; }
      Colour colour = 4;
    }
    enum Colour { RED = 0; BLUE = 7; }`);
  expect(imports).toEqual(['google/protobuf/any.proto']);
  expect([...messages]).toEqual([
    ['Wanted', []],
    [
      'Thing',
      [
        { name: 'itsNames', number: 1, type: 'string', repeated: true },
        { name: 'count', number: 2, type: 'int64', repeated: false, oneof: 'what' },
        { name: 'message', number: 3, type: 'google.protobuf.Any', repeated: false, oneof: 'what' },
        { name: 'colour', number: 4, type: 'Colour', repeated: false },
      ],
    ],
  ]);
  expect([...(enums.get('Colour') ?? [])]).toEqual([
    ['RED', 0],
    ['BLUE', 7],
  ]);
  expect(services.get('Things')).toEqual([
    { name: 'Get', request: 'Wanted', requestStream: false, response: 'Thing', responseStream: false },
    { name: 'Talk', request: 'Wanted', requestStream: true, response: 'Thing', responseStream: true },
  ]);
});

describe('what it does not know is refused', () => {
  test.each([
    ['syntax = "proto2";', '"proto3" should be'],
    ['option go_package = "a";', 'has "option" where a declaration should be'],
    ['message A { map<string, string> b = 1; }', 'has "string" where = should be'],
    ['message A { optional string b = 1; }', 'has "b" where = should be'],
    ['message A { message B {} }', 'has "{" where = should be'],
    ['message A { string b = 1 [deprecated = true]; }', 'has "[" where ; should be'],
    ['message A { string b = x; }', 'has "x" where a number should be'],
    ['message A { string b = 1;', 'where = should be'],
    ['service A { rpc B(C) returns (D) {} }', 'has "{" where ; should be'],
  ])('%s', (text, fault) => {
    expect(() => readDeclarations(text)).toThrow(fault);
  });
});
