# A rollout of a Deployment, seen through kube-state-metrics, with the version from the
# images of its pods; then one that does not get done; then a scaling, which is none.
load 30s
  kube_deployment_metadata_generation{job="ksm",namespace="shop",deployment="pay"} 1x19 2x39 3x39 4x40
  kube_deployment_status_observed_generation{job="ksm",namespace="shop",deployment="pay"} 1x20 2x39 3x39 4x39
  kube_deployment_spec_replicas{job="ksm",namespace="shop",deployment="pay"} 3x99 5x40
  kube_deployment_status_replicas{job="ksm",namespace="shop",deployment="pay"} 3x20 4x3 3x35 4x39 5x40
  kube_deployment_status_replicas_updated{job="ksm",namespace="shop",deployment="pay"} 3x20 1x1 3x37 1x39 5x40
  kube_deployment_status_replicas_available{job="ksm",namespace="shop",deployment="pay"} 3x99 4x1 5x39
  kube_deployment_status_condition{job="ksm",namespace="shop",deployment="pay",condition="Progressing",status="false"} 0x79 1x20 0x40
  kube_pod_container_info{job="ksm",namespace="shop",pod="pay-6b7c9d4f5-aaaaa",container="pay",image="r.example/pay:1.4"} 1x24
  kube_pod_container_info{job="ksm",namespace="shop",pod="pay-7b7c9d4f5-bbbbb",container="pay",image="r.example/pay:1.5"} _x21 1x120

expect between 10m and 12m change pay "deployment 1.4 -> 1.5 started from 10m0s by telemetry/image, telemetry/rollout"
expect between 13m and 17m change pay "deployment 1.4 -> 1.5 succeeded from 10m0s to 12m30s by telemetry/image, telemetry/rollout"
expect between 40m and 42m change pay "deployment failed from 30m0s to 40m0s by telemetry/rollout"
expect total changes pay = 2
