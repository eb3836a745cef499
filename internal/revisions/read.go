package revisions

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Read reads a stored revision, live, because a rollback rests on it. A revision that a former version of the controller stored is found
// too.
func (s Store) Read(ctx context.Context, object *v1alpha1.VMSSRollout, revision string) rollout.Result[rollout.Snapshot] {
	revision = Of(object, revision)
	read := s.readNamed(ctx, object, Name(object, revision))
	if read.State == rollout.ReadFailed && read.Problem.Kind == rollout.KindNotFound {
		if former := s.readNamed(ctx, object, formerName(object, revision)); former.State == rollout.Read ||
			former.Problem.Kind != rollout.KindNotFound {
			return former
		}
	}
	return read
}

func (s Store) readNamed(ctx context.Context, object *v1alpha1.VMSSRollout, revision string) rollout.Result[rollout.Snapshot] {
	name := types.NamespacedName{Namespace: object.Namespace, Name: revision}
	found := &appsv1.ControllerRevision{}
	err := s.Live.Get(ctx, name, found)
	switch {
	case apierrors.IsNotFound(err):
		return failed(rollout.KindNotFound, "ControllerRevision %s is not there", name)
	case err != nil:
		return failed(rollout.KindTransient, "reading ControllerRevision %s failed", name)
	case !metav1.IsControlledBy(found, object):
		return failed(rollout.KindNotFound, "ControllerRevision %s belongs to another object", name)
	}
	var stored storedSnapshot
	if err := json.Unmarshal(found.Data.Raw, &stored); err != nil {
		return failed(rollout.KindNotFound, "ControllerRevision %s does not hold a snapshot", name)
	}
	return rollout.KnownResult(rollout.Snapshot(stored))
}

func failed(kind rollout.Kind, format string, name types.NamespacedName) rollout.Result[rollout.Snapshot] {
	return rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: kind, Message: fmt.Sprintf(format, name)})
}
