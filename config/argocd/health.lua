-- How Argo CD reads the health of a VMSSRollout. It says what kstatus says, and Suspended while spec.paused holds it.
local health = {status = "Progressing", message = "Waiting for the controller"}
if obj.status == nil or obj.status.conditions == nil then
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  -- What was said about an earlier generation says nothing about what is declared now.
  local isCurrent = condition.observedGeneration == nil or condition.observedGeneration == obj.metadata.generation
  if isCurrent and condition.type == "Ready" and condition.status == "True" then
    return {status = "Healthy", message = condition.message}
  end
  if isCurrent and condition.type == "Stalled" and condition.status == "True" then
    return {status = "Degraded", message = condition.message}
  end
  if isCurrent and condition.type == "Reconciling" and condition.status == "True" then
    health.message = condition.message
    if condition.reason == "Paused" then
      health.status = "Suspended"
    end
  end
end
return health
