/** What the server refuses, and what every kubectl then prints: users and scripts match on these words. */

/** Kubernetes does not say what; kubectl 1.20 prints nothing of it. */
const invalid = /^The request is invalid(: the server rejected our request due to an error in our request)?$/m;

/** A command line, in a namespace that has a ConfigMap `there` and a Deployment `idle` without replicas; what it prints to stderr. */
export const refusals: readonly (readonly [command: readonly string[], printed: RegExp])[] = [
  [['get', 'configmap', 'nobody'], /^Error from server \(NotFound\): configmaps "nobody" not found$/m],
  [['get', 'pods', '--field-selector=a=b'], /field label not supported: a$/m],
  [['get', 'pods', '-l', 'a==='], /unable to parse requirement: found '=', expected: identifier$/m],
  [['get', '--raw', '/nowhere'], /^Error from server \(NotFound\): the server could not find the requested resource$/m],
  [
    ['get', '--raw', '/metrics', '--as=joe'],
    /^Error from server \(Forbidden\): forbidden: User "joe" cannot get path "\/metrics"$/m,
  ],
  [
    ['get', 'secrets', '--as=joe'],
    /secrets is forbidden: User "joe" cannot list resource "secrets" in API group "" in the namespace/,
  ],
  [['create', 'configmap', 'there'], /configmaps "there" already exists$/m],
  [['create', 'configmap', 'A'], /metadata\.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of/],
  [
    ['create', 'service', 'nodeport', 'n', '--tcp=1:1', '--node-port=1'],
    /spec\.ports\[0\]\.nodePort: Invalid value: 1: provided port is not in the valid range/,
  ],
  [['create', 'rolebinding', 'r', '--role=x', '--user='], /subjects\[0\]\.name: Required value/],
  [
    ['label', 'configmap', 'there', '--resource-version=1', 'a=b'],
    /\(Conflict\): Operation cannot be fulfilled on configmaps "there": the object has been modified;/,
  ],
  [['label', 'configmap', 'there', 'a b=c'], /metadata\.labels: Invalid value: "a b": name part must consist of/],
  [['patch', 'configmap', 'there', '--type=json', '-p', '[{"op":"test","path":"/data/a","value":"2"}]'], invalid],
  [['patch', 'configmap', 'there', '--type=json', '-p', '[{"op":"remove","path":"/data/none"}]'], invalid],
  [
    ['patch', 'configmap', 'there', '--type=json', '-p', '{"a":1}'],
    /json: cannot unmarshal object into Go value of type \[\]handlers\.jsonPatchOp$/m,
  ],
  [
    ['patch', 'deployment', 'idle', '-p', '{"spec":{"selector":{"matchLabels":{"a":"b"}}}}'],
    /spec\.selector: .*: field is immutable$/m,
  ],
  [
    ['patch', 'deployment', 'idle', '-p', '{"spec":{"replicas":-1}}'],
    /spec\.replicas: Invalid value: -1: must be greater than or equal to 0$/m,
  ],
  [
    ['expose', 'deployment', 'idle', '--port=99999'],
    /spec\.ports\[0\]\.port: Invalid value: 99999: must be between 1 and 65535, inclusive$/m,
  ],
  [['delete', 'namespace', 'default'], /namespaces "default" is forbidden: this namespace may not be deleted$/m],
  [['autoscale', 'deployment', 'idle', '--min=3', '--max=2'], /max/i],
  [['rollout', 'undo', 'deployment/idle', '--to-revision=99'], /unable to find specified revision 99 in history$/m],
];
