package main

import (
	"context"
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// instances is the number of instances of each scale set.
const instances = 3

// The pages that instances serve.
const (
	pageV1      = "nginx v1"
	pageV2      = "nginx v2"
	pageBase    = "nginx base"
	pageUpdated = "nginx updated"
)

// release is one manifest and what is seen when it is carried out.
type release struct {
	set      *scaleSet
	manifest string
	status   string
	fresh    string         // the page that it brings
	pages    map[string]int // how many instances serve which page in the end
}

// playScript is part A of the walkthrough: releases by the custom script extension.
func (st *stage) playScript(ctx context.Context) error {
	st.screen.act("A1: a scale set of 3 from a public Ubuntu image")
	web, err := st.addScaleSet(ctx, "web", map[string]string{"marketplace": "Canonical:ubuntu-24_04-lts:server:24.04.202611100"})
	if err != nil {
		return err
	}
	st.sets = append(st.sets, web)
	st.screen.note("scale set %s, load balancer %s", web.name, web.balancer)

	st.screen.act("A3: nginx v1 on every instance, by script")
	err = st.roll(ctx, release{web, "web-v1.yaml", v1alpha1.ReasonCompleted, pageV1, map[string]int{pageV1: 3}})
	if err != nil {
		return err
	}
	if err := st.kubectl.run(ctx, "wait", "--for=condition=Ready", "vmssr/web", "--timeout=60s"); err != nil {
		return err
	}

	st.screen.act("A5-A7: nginx v2 on 34 percent: one instance of three")
	err = st.roll(ctx, release{web, "web-v2-canary.yaml", v1alpha1.ReasonCanaryReached, pageV2, map[string]int{pageV1: 2, pageV2: 1}})
	if err != nil {
		return err
	}

	if st.hold {
		return nil
	}
	st.screen.act("A8-A9: the canary is good: 100 percent, one instance at a time")
	return st.roll(ctx, release{web, "web-v2-all.yaml", v1alpha1.ReasonCompleted, pageV2, map[string]int{pageV2: 3}})
}

// playImages is part B of the walkthrough: releases by image.
func (st *stage) playImages(ctx context.Context) error {
	st.screen.act("B1: a scale set of 3 from nginx-base-image")
	base, err := st.addImage(ctx, "nginx-base-image", pageBase)
	if err != nil {
		return err
	}
	if _, err := st.addImage(ctx, "nginx-updated-image", pageUpdated); err != nil {
		return err
	}
	web, err := st.addScaleSet(ctx, "web-images", map[string]string{"image": base})
	if err != nil {
		return err
	}
	st.sets = append(st.sets, web)
	if err := st.look(ctx, web, pageUpdated, map[string]int{pageBase: 3}); err != nil {
		return err
	}

	st.screen.act("B2: nginx-updated-image on 34 percent")
	canary := release{web, "web-images-canary.yaml", v1alpha1.ReasonCanaryReached, pageUpdated, map[string]int{pageBase: 2, pageUpdated: 1}}
	if err := st.roll(ctx, canary); err != nil {
		return err
	}

	if st.hold {
		return nil
	}
	st.screen.act("B3: nginx-updated-image on 100 percent")
	return st.roll(ctx, release{web, "web-images-all.yaml", v1alpha1.ReasonCompleted, pageUpdated, map[string]int{pageUpdated: 3}})
}

// roll applies a manifest, follows the rollout, and looks at what it led to.
func (st *stage) roll(ctx context.Context, r release) error {
	if err := st.kubectl.run(ctx, "apply", "-f", r.manifest); err != nil {
		return err
	}
	if err := st.kubectl.follow(ctx, r.set.name, r.status); err != nil {
		return err
	}
	if r.status == v1alpha1.ReasonCanaryReached {
		st.reachCanary()
	}
	if err := st.look(ctx, r.set, r.fresh, r.pages); err != nil {
		return fmt.Errorf("looking at what %s led to: %w", r.manifest, err)
	}
	return nil
}

// reachCanary notes how long the first canary took.
func (st *stage) reachCanary() {
	if st.canary == 0 {
		st.canary = time.Since(began)
	}
}
