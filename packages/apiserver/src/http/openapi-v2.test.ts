import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { v2Document } from './openapi-document.ts';
import { v2 } from './openapi-schema.ts';
import { encodeOpenApiV2, openApiV2Json } from './openapi-v2.ts';

const proto = fileURLToPath(new URL('../../../../proto/openapi/v2.proto', import.meta.url));
const Document = protobuf.loadSync(proto).lookupType('openapi.v2.Document');

const encode = async (document: object): Promise<Buffer> => Buffer.concat(await encodeOpenApiV2(document));

/** The bytes as plain objects, by the proto; unknown fields would fail the length check of the reader. */
const decode = (bytes: Uint8Array) => Document.toObject(Document.decode(bytes), { longs: Number });

describe('encodeOpenApiV2', async () => {
  const document = await v2Document(v2, builtinDefinitions());
  const decoded = decode(await encode(document));

  it('writes every path and definition', () => {
    const names = (list: { name: string }[]) => list.map((one) => one.name);
    expect(names(decoded.paths.path)).toEqual(Object.keys(document.paths as object));
    expect(names(decoded.definitions.additionalProperties)).toEqual(Object.keys(document.definitions as object));
  });

  it('names operations as Kubernetes does, each one once', () => {
    type Item = Readonly<Record<string, { readonly operationId?: string; readonly tags?: readonly string[] }>>;
    const paths = document.paths as Readonly<Record<string, Item>>;
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        'readAppsV1NamespacedDeploymentStatus',
        'listCoreV1PodForAllNamespaces',
        'deleteCoreV1CollectionNamespacedPod',
        'watchCoreV1NamespacedPodList',
        'watchCoreV1PodListForAllNamespaces',
        'watchCoreV1Node',
        'connectCoreV1GetNamespacedPodExec',
        'createRbacAuthorizationV1ClusterRole',
      ]),
    );
    expect(paths['/apis/rbac.authorization.k8s.io/v1/clusterroles']?.get?.tags).toEqual(['rbacAuthorization_v1']);
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/', '/apis/apps/', '/apis/apps/v1/', '/version/']));
  });

  it('writes the parts of a schema', async () => {
    const bytes = await encode({
      swagger: '2.0',
      info: { title: 't', version: 'v' },
      paths: {},
      definitions: {
        A: {
          description: 'd',
          type: 'object',
          required: ['b'],
          properties: {
            b: { type: 'array', items: { $ref: '#/definitions/B' }, 'x-kubernetes-list-type': 'map' },
            c: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
            e: { type: 'integer', format: 'int32', minimum: -1.5, enum: [1, 2] },
          },
        },
      },
    });
    expect(decode(bytes)).toEqual({
      swagger: '2.0',
      info: { title: 't', version: 'v' },
      paths: {},
      definitions: {
        additionalProperties: [
          {
            name: 'A',
            value: {
              description: 'd',
              type: { value: ['object'] },
              required: ['b'],
              properties: {
                additionalProperties: [
                  {
                    name: 'b',
                    value: {
                      type: { value: ['array'] },
                      items: { schema: [{ _ref: '#/definitions/B' }] },
                      vendorExtension: [{ name: 'x-kubernetes-list-type', value: { yaml: '"map"' } }],
                    },
                  },
                  {
                    name: 'c',
                    value: {
                      type: { value: ['object'] },
                      additionalProperties: { schema: { type: { value: ['string'] } } },
                      default: { yaml: '{}' },
                    },
                  },
                  {
                    name: 'e',
                    value: {
                      type: { value: ['integer'] },
                      format: 'int32',
                      minimum: -1.5,
                      enum: [{ yaml: '1' }, { yaml: '2' }],
                    },
                  },
                ],
              },
            },
          },
        ],
      },
    });
  });

  it('writes the operation that kubectl looks for', () => {
    const path = decoded.paths.path.find(
      (one: { name: string }) => one.name === '/apis/apps/v1/namespaces/{namespace}/deployments/{name}',
    );
    const extensions = path.value.patch.vendorExtension as { name: string; value: { yaml: string } }[];
    const gvk = extensions.find((one) => one.name === 'x-kubernetes-group-version-kind');
    expect(JSON.parse(gvk?.value.yaml ?? '')).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    const query = path.value.patch.parameters.map(
      (one: { parameter: { nonBodyParameter?: { queryParameterSubSchema?: { name: string } } } }) =>
        one.parameter.nonBodyParameter?.queryParameterSubSchema?.name,
    );
    expect(query).toContain('dryRun');
    expect(query).toContain('fieldValidation');
  });
});

describe('openApiV2Json', () => {
  it('is the document', async () => {
    const document = (await v2Document(v2, builtinDefinitions())) as JsonObject;
    expect(JSON.parse(Buffer.concat(await openApiV2Json(document)).toString())).toEqual(document);
    const empty = { swagger: '2.0', info: { title: 't' }, paths: {}, definitions: {} };
    expect(JSON.parse(Buffer.concat(await openApiV2Json(empty)).toString())).toEqual(empty);
  });
});
