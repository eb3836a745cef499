package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// labelRollout is on everything that a rollout stores; its value is the rollout's UID, since names can be longer than labels.
const labelRollout = "rollouts.vmss.dev/rollout-uid"

// How much of a rollout's name a record's name begins with. The rest of the 253 characters is for the mark, the digest and hyphens.
const (
	maxRecordPrefix       = 220
	maxFormerRecordPrefix = 230 // in former versions of the controller, which left out the mark
)

// storedSnapshot is how a snapshot is kept in a ControllerRevision. It is read by later versions of the controller: fields are added,
// never changed.
type storedSnapshot struct {
	Image  *rollout.Image          `json:"image,omitempty"`
	Script *rollout.ScriptSnapshot `json:"script,omitempty"`

	ImageVersions []string `json:"imageVersions,omitempty"`
}

// recordName is the name of the ControllerRevision that holds a record. It carries a mark of the rollout's UID, so that no record of a
// former object of the same name, or of another object whose name begins alike, is in the way.
func recordName(object *v1alpha1.VMSSRollout, record string) string {
	mark := sha256.Sum256([]byte(object.UID))
	return beginningOf(object.Name, maxRecordPrefix) + "-" + hex.EncodeToString(mark[:5]) + "-" + record
}

// formerRecordName is the name that former versions of the controller gave it.
func formerRecordName(object *v1alpha1.VMSSRollout, record string) string {
	return beginningOf(object.Name, maxFormerRecordPrefix) + "-" + record
}

// beginningOf is as much of a name as another one can begin with.
func beginningOf(name string, most int) string {
	if len(name) <= most {
		return name
	}
	return strings.TrimRight(name[:most], "-.")
}

// recordOf is the record that a ControllerRevision's name, or the record's own, stands for.
func recordOf(object *v1alpha1.VMSSRollout, name string) string {
	if record, found := strings.CutPrefix(name, recordName(object, "")); found {
		return record
	}
	return strings.TrimPrefix(name, formerRecordName(object, ""))
}

// store keeps what a decision wants kept, before anything that relies on it. A record has the name of its content, so one that is there
// already is the same. A round that acts writes twice, and stores once.
func (r *VMSSRolloutReconciler) store(ctx context.Context, round *round, records []rollout.StoredRevision) error {
	for _, record := range records {
		if slices.Contains(round.stored, record.Revision) {
			continue
		}
		revision, err := revisionFor(round.object, record)
		if err != nil {
			return err
		}
		err = r.Client.Create(ctx, revision)
		if apierrors.IsAlreadyExists(err) {
			err = r.isOurs(ctx, round, revision.Name)
		}
		if err != nil {
			return fmt.Errorf("storing ControllerRevision %s/%s: %w", revision.Namespace, revision.Name, err)
		}
		round.stored = append(round.stored, record.Revision)
	}
	return nil
}

func revisionFor(object *v1alpha1.VMSSRollout, record rollout.StoredRevision) (*appsv1.ControllerRevision, error) {
	data, err := json.Marshal(storedSnapshot(record.Snapshot))
	if err != nil {
		return nil, fmt.Errorf("encoding record %s of VMSSRollout %s: %w", record.Revision, client.ObjectKeyFromObject(object), err)
	}
	var holds []string
	if hasFinalizer(object) {
		holds = []string{finalizer}
	}
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Finalizers:      holds,
			Namespace:       object.Namespace,
			Name:            recordName(object, record.Revision),
			Labels:          map[string]string{labelRollout: string(object.UID)},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(object, v1alpha1.GroupVersion.WithKind("VMSSRollout"))},
		},
		Data:     runtime.RawExtension{Raw: data},
		Revision: record.Run,
	}, nil
}

// isOurs makes sure that what has the name belongs to this very object and stays: nothing is deleted that its finalizer holds.
func (r *VMSSRolloutReconciler) isOurs(ctx context.Context, round *round, name string) error {
	found := &appsv1.ControllerRevision{}
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: round.object.Namespace, Name: name}, found); err != nil {
		return err
	}
	switch {
	case !metav1.IsControlledBy(found, round.object):
		return fmt.Errorf("the ControllerRevision of that name belongs to another object; to go on: kubectl delete controllerrevision %s -n %s",
			name, round.object.Namespace)
	case !found.DeletionTimestamp.IsZero() && !hasFinalizer(found):
		return fmt.Errorf("the ControllerRevision of that name is being deleted")
	}
	return nil
}

// readRecord reads a stored record, live: it is what going back rests on. One that a former version of the controller stored is found too.
func (r *VMSSRolloutReconciler) readRecord(ctx context.Context, round *round, record string) rollout.Result[rollout.Snapshot] {
	record = recordOf(round.object, record)
	read := r.readRevision(ctx, round, recordName(round.object, record))
	if read.State == rollout.ReadFailed && read.Problem.Kind == rollout.KindNotFound {
		if former := r.readRevision(ctx, round, formerRecordName(round.object, record)); former.State == rollout.Read ||
			former.Problem.Kind != rollout.KindNotFound {
			return former
		}
	}
	return read
}

func (r *VMSSRolloutReconciler) readRevision(ctx context.Context, round *round, revision string) rollout.Result[rollout.Snapshot] {
	name := types.NamespacedName{Namespace: round.object.Namespace, Name: revision}
	found := &appsv1.ControllerRevision{}
	err := r.Live.Get(ctx, name, found)
	switch {
	case apierrors.IsNotFound(err):
		return rollout.FailedResult[rollout.Snapshot](
			&rollout.Problem{Kind: rollout.KindNotFound, Message: fmt.Sprintf("ControllerRevision %s is not there", name)})
	case err != nil:
		return rollout.FailedResult[rollout.Snapshot](
			&rollout.Problem{Kind: rollout.KindTransient, Message: fmt.Sprintf("reading ControllerRevision %s failed", name)})
	case !metav1.IsControlledBy(found, round.object):
		return rollout.FailedResult[rollout.Snapshot](
			&rollout.Problem{Kind: rollout.KindNotFound, Message: fmt.Sprintf("ControllerRevision %s belongs to another object", name)})
	}
	var stored storedSnapshot
	if err := json.Unmarshal(found.Data.Raw, &stored); err != nil {
		return rollout.FailedResult[rollout.Snapshot](
			&rollout.Problem{Kind: rollout.KindNotFound, Message: fmt.Sprintf("ControllerRevision %s does not hold a snapshot", name)})
	}
	return rollout.KnownResult(rollout.Snapshot(stored))
}

// listRecords lists what is stored for the object, live.
func (r *VMSSRolloutReconciler) listRecords(ctx context.Context, object *v1alpha1.VMSSRollout) ([]appsv1.ControllerRevision, error) {
	stored := &appsv1.ControllerRevisionList{}
	err := r.Live.List(ctx, stored, client.InNamespace(object.Namespace), client.MatchingLabels{labelRollout: string(object.UID)})
	if err != nil {
		return nil, fmt.Errorf("listing ControllerRevisions of VMSSRollout %s: %w", client.ObjectKeyFromObject(object), err)
	}
	return stored.Items, nil
}

// holdRecords keeps the object's records from being deleted before the object may go, or no longer. A deletion in the foreground, as GitOps
// tools ask for, deletes what an object owns first, and going back needs just that.
func (r *VMSSRolloutReconciler) holdRecords(ctx context.Context, object *v1alpha1.VMSSRollout, hold bool) error {
	stored, err := r.listRecords(ctx, object)
	if err != nil {
		return err
	}
	for i := range stored {
		if err := r.holdRecord(ctx, &stored[i], hold); err != nil {
			return err
		}
	}
	return nil
}

func (r *VMSSRolloutReconciler) holdRecord(ctx context.Context, revision *appsv1.ControllerRevision, hold bool) error {
	before := revision.DeepCopy()
	changed := false
	if hold {
		changed = addFinalizer(revision)
	} else {
		changed = removeFinalizers(revision)
	}
	if !changed {
		return nil
	}
	if err := r.Client.Patch(ctx, revision, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the finalizers of ControllerRevision %s: %w", client.ObjectKeyFromObject(revision), err)
	}
	return nil
}

// prune deletes the records that nobody needs any more.
func (r *VMSSRolloutReconciler) prune(ctx context.Context, round *round, keep []string) error {
	stored, err := r.listRecords(ctx, round.object)
	if err != nil {
		return err
	}
	for i := range stored {
		revision := &stored[i]
		if slices.Contains(keep, recordOf(round.object, revision.Name)) {
			continue
		}
		if err := r.holdRecord(ctx, revision, false); err != nil {
			return err
		}
		if err := r.Client.Delete(ctx, revision); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting ControllerRevision %s: %w", client.ObjectKeyFromObject(revision), err)
		}
	}
	return nil
}
