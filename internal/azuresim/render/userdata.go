package render

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// User data is shown only on request. Instances show that of their model: a write of one instance does not change it
// (azure-cli-2025-02__test_vmss_create_user_data:18, :21).

// WithUserData is the body of an instance with the user data of its model.
func (l Snapshot) WithUserData(body tree.Members) tree.Members {
	return withUserData(body, l.state.Model.Profile["userData"])
}

// SetWithUserData is the body of a scale set with the user data of its model.
func SetWithUserData(set *vmss.ScaleSet, body tree.Members) tree.Members {
	for i, m := range body {
		properties, isObject := m[1].(tree.Members)
		if m.Name() != "properties" || !isObject {
			continue
		}
		for j, p := range properties {
			if profile, isObject := p[1].(tree.Object); isObject && p.Name() == "virtualMachineProfile" {
				properties[j][1] = withMember(profile, "userData", set.Model.Profile["userData"])
			}
		}
		body[i][1] = properties
	}
	return body
}

func withUserData(body tree.Members, data any) tree.Members {
	for i, m := range body {
		if properties, isObject := m[1].(tree.Members); isObject && m.Name() == "properties" {
			body[i][1] = append(properties, tree.Member{"userData", data})
		}
	}
	return body
}

func withMember(o tree.Object, name string, value any) tree.Object {
	if value == nil {
		return o
	}
	return tree.With(o, name, value)
}
