// Package v1alpha1 is the API of VMSS Rollouts: progressive rollouts of Azure virtual machine scale sets.
//
// It imports apimachinery only, so that programs which read or write rollouts do not depend on the controller.
//
// +kubebuilder:object:generate=true
// +groupName=rollouts.vmss.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all kinds in this package.
const GroupName = "rollouts.vmss.dev"

// GroupVersion is the group and version of all kinds in this package.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

// AddToScheme registers the kinds of this package.
var AddToScheme = schemeBuilder.AddToScheme

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &VMSSRollout{}, &VMSSRolloutList{}, &RolloutAction{}, &RolloutActionList{},
		&CheckTemplate{}, &CheckTemplateList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
