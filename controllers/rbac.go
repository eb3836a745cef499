package controllers

// What the controller may do in the cluster; config/rbac/role.yaml is generated from these lines.
//
// It writes the status of rollouts, their finalizers, and nothing else of them. It may not read Secrets: for protected settings, a user
// binds the ClusterRole vmssrollout-secret-reader in the namespace of the Secrets. Its Leases it may only touch where it runs; a Lease is
// created by the leader's first election, which no resource name can narrow.
//
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=vmssrollouts,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=vmssrollouts/finalizers,verbs=update
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=rolloutactions,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=rolloutactions/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=checktemplates,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions,verbs=get;list;create;patch;delete
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings,resourceNames=vmss-rollouts-requested-by,verbs=get
// +kubebuilder:rbac:groups=rollouts.vmss.dev,resources=vmssrollouts/status,verbs=get;update;patch
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=vmss-rollouts-system,resources=leases,verbs=get;create;update
