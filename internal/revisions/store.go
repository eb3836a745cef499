// Package revisions stores what a rollout can roll back to, as ControllerRevisions that the rollout owns.
package revisions

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// labelRollout is on everything that a rollout stores; its value is the rollout's UID, since names can be longer than labels.
const labelRollout = "rollouts.vmss.dev/rollout-uid"

// storedSnapshot is how a snapshot is kept in a ControllerRevision. It is read by later versions of the controller: fields are added,
// never changed.
type storedSnapshot struct {
	Image  *rollout.Image          `json:"image,omitempty"`
	Script *rollout.ScriptSnapshot `json:"script,omitempty"`

	ImageVersions []string              `json:"imageVersions,omitempty"`
	Applications  []rollout.Application `json:"applications,omitempty"`
}

// Store reads and writes the revisions of rollouts.
type Store struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server, not from a cache.
	Live client.Reader
}

// Save stores a revision, unless it is stored already. A baseline has the name of its content. What a target left in the model has the name
// of the target, and may be something else than after an earlier run of the target: then it is stored in place of that.
func (s Store) Save(ctx context.Context, object *v1alpha1.VMSSRollout, saved rollout.StoredRevision) error {
	revision, err := revisionFor(object, saved)
	if err != nil {
		return err
	}
	err = s.Client.Create(ctx, revision)
	if apierrors.IsAlreadyExists(err) {
		err = s.replace(ctx, object, revision)
	}
	if err != nil {
		return fmt.Errorf("storing ControllerRevision %s/%s: %w", revision.Namespace, revision.Name, err)
	}
	return nil
}

func revisionFor(object *v1alpha1.VMSSRollout, saved rollout.StoredRevision) (*appsv1.ControllerRevision, error) {
	data, err := json.Marshal(storedSnapshot(saved.Snapshot))
	if err != nil {
		return nil, fmt.Errorf("encoding record %s of VMSSRollout %s: %w", saved.Revision, client.ObjectKeyFromObject(object), err)
	}
	var holds []string
	if finalizer.Has(object) {
		holds = []string{finalizer.Name}
	}
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Finalizers:      holds,
			Namespace:       object.Namespace,
			Name:            Name(object, saved.Revision),
			Labels:          map[string]string{labelRollout: string(object.UID)},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(object, v1alpha1.GroupVersion.WithKind("VMSSRollout"))},
		},
		Data:     runtime.RawExtension{Raw: data},
		Revision: saved.Run,
	}, nil
}

// replace stores a revision in place of the one that has its name, unless that one says the same. The API server does not let the data of a
// ControllerRevision change, so the former one goes first. A round that ends in between is decided, and stores, again.
func (s Store) replace(ctx context.Context, object *v1alpha1.VMSSRollout, revision *appsv1.ControllerRevision) error {
	found := &appsv1.ControllerRevision{}
	if err := s.Live.Get(ctx, client.ObjectKeyFromObject(revision), found); err != nil {
		return err
	}
	if err := isOurs(object, found); err != nil || isSame(found, revision) {
		return err
	}
	if err := s.remove(ctx, found); err != nil {
		return err
	}
	return s.Client.Create(ctx, revision)
}

// isSame reports whether two revisions hold the same snapshot.
func isSame(a, b *appsv1.ControllerRevision) bool {
	var before, after storedSnapshot
	return json.Unmarshal(a.Data.Raw, &before) == nil && json.Unmarshal(b.Data.Raw, &after) == nil && reflect.DeepEqual(before, after)
}

// isOurs makes sure that what has the name belongs to this very object and stays: nothing is deleted that its finalizer holds.
func isOurs(object *v1alpha1.VMSSRollout, found *appsv1.ControllerRevision) error {
	switch {
	case !metav1.IsControlledBy(found, object):
		return fmt.Errorf("the ControllerRevision of that name belongs to another object; to fix it: kubectl delete controllerrevision %s -n %s",
			found.Name, found.Namespace)
	case !found.DeletionTimestamp.IsZero() && !finalizer.Has(found):
		return fmt.Errorf("the ControllerRevision of that name is being deleted")
	}
	return nil
}

// Hold keeps the object's revisions from being deleted before the object may go. A deletion in the foreground, as GitOps tools ask for,
// deletes what an object owns first, and a rollback needs just that.
func (s Store) Hold(ctx context.Context, object *v1alpha1.VMSSRollout) error {
	return s.changeAll(ctx, object, finalizer.Add)
}

// Release lets the object's revisions go.
func (s Store) Release(ctx context.Context, object *v1alpha1.VMSSRollout) error {
	return s.changeAll(ctx, object, finalizer.Remove)
}

func (s Store) changeAll(ctx context.Context, object *v1alpha1.VMSSRollout, change func(client.Object) bool) error {
	stored, err := s.list(ctx, object)
	if err != nil {
		return err
	}
	for i := range stored {
		if err := s.change(ctx, &stored[i], change); err != nil {
			return err
		}
	}
	return nil
}

// change writes the finalizers of a revision, if the function changed them.
func (s Store) change(ctx context.Context, revision *appsv1.ControllerRevision, change func(client.Object) bool) error {
	before := revision.DeepCopy()
	if !change(revision) {
		return nil
	}
	if err := s.Client.Patch(ctx, revision, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the finalizers of ControllerRevision %s: %w", client.ObjectKeyFromObject(revision), err)
	}
	return nil
}

// Prune deletes the object's revisions but for those to keep.
func (s Store) Prune(ctx context.Context, object *v1alpha1.VMSSRollout, keep []string) error {
	stored, err := s.list(ctx, object)
	if err != nil {
		return err
	}
	for i := range stored {
		revision := &stored[i]
		if slices.Contains(keep, Of(object, revision.Name)) {
			continue
		}
		if err := s.remove(ctx, revision); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a revision, with its finalizer.
func (s Store) remove(ctx context.Context, revision *appsv1.ControllerRevision) error {
	if err := s.change(ctx, revision, finalizer.Remove); err != nil {
		return err
	}
	if err := s.Client.Delete(ctx, revision); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting ControllerRevision %s: %w", client.ObjectKeyFromObject(revision), err)
	}
	return nil
}

// list lists what is stored for the object, live.
func (s Store) list(ctx context.Context, object *v1alpha1.VMSSRollout) ([]appsv1.ControllerRevision, error) {
	stored := &appsv1.ControllerRevisionList{}
	err := s.Live.List(ctx, stored, client.InNamespace(object.Namespace), client.MatchingLabels{labelRollout: string(object.UID)})
	if err != nil {
		return nil, fmt.Errorf("listing ControllerRevisions of VMSSRollout %s: %w", client.ObjectKeyFromObject(object), err)
	}
	return stored.Items, nil
}
