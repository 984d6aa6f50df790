import { expect, test } from 'vitest';
import { goQuantity } from '../algebra/go-quantity.ts';
import { faultsOf } from './testing.ts';

const autoscaler = (metric: string, rest = 'maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: a}'): string =>
  `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {${rest}, metrics: [{${metric}}]}}`;

const at = 'spec.metrics[0]';

test.each([
  ['type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}', []],
  ['type: Pods, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 1}}', []],
  [
    'type: Object, object: {describedObject: {kind: Service, name: a}, metric: {name: m}, target: {type: Value, value: 1}}',
    [],
  ],
  ['type: External, external: {metric: {name: m}, target: {type: Value, value: 1}}', []],
  [
    'type: ContainerResource, containerResource: {name: cpu, container: a, target: {type: Utilization, averageUtilization: 1}}',
    [],
  ],
  [
    '',
    [
      `${at}.type: Required value: must specify a metric source type`,
      ...Array<string>(2).fill(
        `${at}.type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      ),
    ],
  ],
  [
    'type: Pods, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 0}}',
    [`${at}.pods.target.averageValue: Invalid value: ${goQuantity(0).text}: must be positive`],
  ],
  ['type: Pods', [`${at}.pods: Required value: must populate information for the given metric source`]],
  [
    'type: Resource, resource: {name: cpu, target: {type: Any}}, pods: {metric: {name: m}, target: {}}',
    [
      `${at}.pods.target.type: Required value: must specify a metric target type`,
      `${at}.pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
      `${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
      `${at}.pods: Forbidden: must populate the given metric source only`,
    ],
  ],
  [
    'type: Resource, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 1}}',
    [`${at}.resource: Required value: must populate information for the given metric source`],
  ],
  [
    'type: Hat, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 1}}, object: {}',
    [
      `${at}.type: Unsupported value: "Hat": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      `${at}.object.describedObject.kind: Required value`,
      `${at}.object.describedObject.name: Required value`,
      `${at}.object.metric.name: Required value: must specify a metric name`,
      `${at}.object.target.type: Required value: must specify a metric target type`,
      `${at}.object.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
      `${at}.object.target.averageValue: Required value: must set either a target value or averageValue`,
      `${at}.type: Unsupported value: "Hat": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      `${at}.object: Forbidden: must populate the given metric source only`,
      `${at}.pods: Forbidden: must populate the given metric source only`,
    ],
  ],
  [
    'type: Resource, resource: {target: {type: Any}}',
    [
      `${at}.resource.name: Required value: must specify a resource name`,
      `${at}.resource.target.type: Invalid value: "Any": must be either Utilization, Value, or AverageValue`,
      `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
    ],
  ],
  [
    'type: ContainerResource, containerResource: {name: cpu, target: {type: Utilization, averageUtilization: 0}}',
    [
      `${at}.containerResource.container: Required value: must specify a container`,
      `${at}.containerResource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
    ],
  ],
  [
    'type: ContainerResource, containerResource: {name: hat, container: a, target: {type: Utilization, averageUtilization: 1}}',
    [
      `${at}.containerResource.name: Invalid value: "hat": must be a standard resource type or fully qualified`,
      `${at}.containerResource.name: Invalid value: "hat": must be a standard resource for containers`,
    ],
  ],
  [
    'type: Pods, pods: {metric: {name: a/b}, target: {type: Value, value: 1}}',
    [
      `${at}.pods.metric.name: Invalid value: "a/b": may not contain '/'`,
      `${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
    ],
  ],
  [
    'type: Object, object: {target: {}}',
    [
      `${at}.object.describedObject.kind: Required value`,
      `${at}.object.describedObject.name: Required value`,
      `${at}.object.metric.name: Required value: must specify a metric name`,
      `${at}.object.target.type: Required value: must specify a metric target type`,
      `${at}.object.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
      `${at}.object.target.averageValue: Required value: must set either a target value or averageValue`,
    ],
  ],
  [
    'type: External, external: {metric: {name: m}, target: {type: Value, value: 1, averageValue: 1}}',
    [`${at}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`],
  ],
])('a metric %s', (metric, faults) => {
  expect(faultsOf(autoscaler(metric))).toEqual(faults);
});

test('bounds are each told', () => {
  const metric = 'type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}';
  expect(faultsOf(autoscaler(metric, 'minReplicas: 2, maxReplicas: 0, scaleTargetRef: {kind: A, name: a}'))).toEqual([
    'spec.maxReplicas: Invalid value: 0: must be greater than 0',
    'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
  ]);
});

test("v1's target is told by the name it has inside", () => {
  const spec = 'maxReplicas: 2, scaleTargetRef: {kind: A, name: a}, targetCPUUtilizationPercentage: 0';
  expect(
    faultsOf(`{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {${spec}}}`),
  ).toEqual(['spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0']);
});
