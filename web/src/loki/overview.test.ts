import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseLabels, everySelector, valueSelector } from './overview.ts'

test('telling labels come first and there are few', () => {
  assert.deepEqual(chooseLabels(['app', 'zone', 'service_name', 'k8s_pod_name', 'a', 'b']), ['service_name', 'k8s_pod_name', 'app', 'zone'])
})

test('a selector for everything needs a label', () => {
  assert.equal(everySelector(['zone', 'service_name']), '{service_name=~".+"}')
  assert.equal(everySelector([]), '')
  assert.equal(valueSelector('app', 'a"b'), '{app="a\\"b"}')
})
