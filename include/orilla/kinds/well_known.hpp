// The labels, annotations, finalizers and taints that Kubernetes gives a meaning, each written once.
#pragma once

#include <string_view>

namespace orilla::api {

// Finalizers.
inline constexpr std::string_view orphan_finalizer = "orphan";
inline constexpr std::string_view foreground_finalizer = "foregroundDeletion";
inline constexpr std::string_view claim_protection_finalizer = "kubernetes.io/pvc-protection";
inline constexpr std::string_view volume_protection_finalizer = "kubernetes.io/pv-protection";
inline constexpr std::string_view provisioned_finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

// Workloads.
inline constexpr std::string_view pod_template_hash_label = "pod-template-hash";
inline constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
inline constexpr std::string_view revision_history_annotation = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view desired_replicas_annotation = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view max_replicas_annotation = "deployment.kubernetes.io/max-replicas";
inline constexpr std::string_view pod_deletion_cost_annotation = "controller.kubernetes.io/pod-deletion-cost";
inline constexpr std::string_view controller_revision_label = "controller-revision-hash";
inline constexpr std::string_view revision_hash_label = "controller.kubernetes.io/hash";
inline constexpr std::string_view stateful_pod_name_label = "statefulset.kubernetes.io/pod-name";
inline constexpr std::string_view pod_index_label = "apps.kubernetes.io/pod-index";
inline constexpr std::string_view template_generation_label = "pod-template-generation";
inline constexpr std::string_view template_generation_annotation = "deprecated.daemonset.template.generation";
inline constexpr std::string_view change_cause_annotation = "kubernetes.io/change-cause";

// Jobs.
inline constexpr std::string_view job_tracking_finalizer = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view job_uid_label = "batch.kubernetes.io/controller-uid";
inline constexpr std::string_view job_name_label = "batch.kubernetes.io/job-name";
inline constexpr std::string_view old_job_uid_label = "controller-uid";
inline constexpr std::string_view old_job_name_label = "job-name";
/// A label and an annotation.
inline constexpr std::string_view completion_index_label = "batch.kubernetes.io/job-completion-index";
inline constexpr std::string_view index_failures_annotation = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view index_ignored_failures_annotation = "batch.kubernetes.io/job-index-ignored-failure-count";
inline constexpr std::string_view own_job_manager = "kubernetes.io/job-controller";
inline constexpr std::string_view cronjob_time_annotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";
inline constexpr std::string_view cronjob_instantiate_annotation = "cronjob.kubernetes.io/instantiate";
/// Of a pod's condition: somebody takes it away.
inline constexpr std::string_view disruption_target_condition = "DisruptionTarget";

// kubectl.
inline constexpr std::string_view last_applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";
inline constexpr std::string_view restarted_at_annotation = "kubectl.kubernetes.io/restartedAt";
inline constexpr std::string_view default_container_annotation = "kubectl.kubernetes.io/default-container";

// Services.
inline constexpr std::string_view service_name_label = "kubernetes.io/service-name";
inline constexpr std::string_view headless_label = "service.kubernetes.io/headless";
inline constexpr std::string_view service_proxy_label = "service.kubernetes.io/service-proxy-name";
inline constexpr std::string_view slice_manager_label = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view skip_mirror_label = "endpointslice.kubernetes.io/skip-mirror";
inline constexpr std::string_view endpoints_manager_label = "endpoints.kubernetes.io/managed-by";
inline constexpr std::string_view over_capacity_annotation = "endpoints.kubernetes.io/over-capacity";
inline constexpr std::string_view leader_annotation = "control-plane.alpha.kubernetes.io/leader";

// Storage.
inline constexpr std::string_view local_provisioner = "orilla.dev/local";
inline constexpr std::string_view no_provisioner = "kubernetes.io/no-provisioner";
inline constexpr std::string_view default_class_annotation = "storageclass.kubernetes.io/is-default-class";
inline constexpr std::string_view older_default_class_annotation = "storageclass.beta.kubernetes.io/is-default-class";
inline constexpr std::string_view older_storage_class_annotation = "volume.beta.kubernetes.io/storage-class";
inline constexpr std::string_view bind_completed_annotation = "pv.kubernetes.io/bind-completed";
inline constexpr std::string_view bound_by_controller_annotation = "pv.kubernetes.io/bound-by-controller";
inline constexpr std::string_view provisioned_by_annotation = "pv.kubernetes.io/provisioned-by";
inline constexpr std::string_view storage_provisioner_annotation = "volume.kubernetes.io/storage-provisioner";
inline constexpr std::string_view older_storage_provisioner_annotation = "volume.beta.kubernetes.io/storage-provisioner";
inline constexpr std::string_view selected_node_annotation = "volume.kubernetes.io/selected-node";

inline constexpr std::string_view snapshot_group = "snapshot.storage.k8s.io";
inline constexpr std::string_view default_snapshot_class_annotation = "snapshot.storage.kubernetes.io/is-default-class";
inline constexpr std::string_view snapshot_bound_finalizer = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";
inline constexpr std::string_view snapshot_source_finalizer =
    "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection";
inline constexpr std::string_view snapshot_content_finalizer =
    "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";
/// Of a claim that is being copied.
inline constexpr std::string_view copied_claim_finalizer = "snapshot.storage.kubernetes.io/pvc-as-source-protection";

/// Who serves IngressClasses and GatewayClasses here, and the name of the class that is made of each.
inline constexpr std::string_view gateway_controller = "orilla.dev/gateway";
inline constexpr std::string_view gateway_class = "orilla";
inline constexpr std::string_view default_ingress_class_annotation = "ingressclass.kubernetes.io/is-default-class";
/// The class of an Ingress before there was a field.
inline constexpr std::string_view older_ingress_class_annotation = "kubernetes.io/ingress.class";

// Nodes and namespaces.
/// Of a pod that stands in a manifest on the box: who drains the node leaves it there.
inline constexpr std::string_view mirror_annotation = "kubernetes.io/config.mirror";
inline constexpr std::string_view config_source_annotation = "kubernetes.io/config.source";
inline constexpr std::string_view node_name_field = "metadata.name";
inline constexpr std::string_view not_ready_taint = "node.kubernetes.io/not-ready";
inline constexpr std::string_view unreachable_taint = "node.kubernetes.io/unreachable";
inline constexpr std::string_view unschedulable_taint = "node.kubernetes.io/unschedulable";
inline constexpr std::string_view namespace_name_label = "kubernetes.io/metadata.name";
inline constexpr std::string_view node_role_label_prefix = "node-role.kubernetes.io/";
inline constexpr std::string_view control_plane_label = "node-role.kubernetes.io/control-plane";
inline constexpr std::string_view node_role_label = "kubernetes.io/role";
inline constexpr std::string_view hostname_label = "kubernetes.io/hostname";
inline constexpr std::string_view architecture_label = "kubernetes.io/arch";
inline constexpr std::string_view old_architecture_label = "beta.kubernetes.io/arch";
inline constexpr std::string_view operating_system_label = "kubernetes.io/os";
inline constexpr std::string_view old_operating_system_label = "beta.kubernetes.io/os";
inline constexpr std::string_view memory_pressure_taint = "node.kubernetes.io/memory-pressure";
inline constexpr std::string_view disk_pressure_taint = "node.kubernetes.io/disk-pressure";
inline constexpr std::string_view pid_pressure_taint = "node.kubernetes.io/pid-pressure";

}  // namespace orilla::api
