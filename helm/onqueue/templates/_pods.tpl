{{/* What holds for every pod: (dict "root" $ "component" name). */}}
{{- define "onqueue.pod" -}}
serviceAccountName: {{ include "onqueue.name" .root }}-{{ .component }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 .root.Values.pod.runAsUser }}
  runAsGroup: {{ int64 .root.Values.pod.runAsGroup }}
  fsGroup: {{ int64 .root.Values.pod.runAsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What holds for every container. */}}
{{- define "onqueue.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop:
      - ALL
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* Replicas of one component apart from one another: (dict "root" $ "component" name). */}}
{{- define "onqueue.apart" -}}
topologySpreadConstraints:
  {{- range .root.Values.pod.spreadOver }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "onqueue.component" $ | nindent 8 }}
  {{- end }}
affinity:
  podAntiAffinity:
    {{- if eq .root.Values.pod.hostAntiAffinity "required" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "onqueue.component" . | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "onqueue.component" . | nindent 14 }}
    {{- end }}
{{- end }}

{{/* Health by grpc.health.v1 on the port that is not for the public. Whether it lives does not depend on the database. */}}
{{- define "onqueue.probes" -}}
startupProbe:
  grpc:
    port: 9090
    service: liveness
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
readinessProbe:
  grpc:
    port: 9090
    service: readiness
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  grpc:
    port: 9090
    service: liveness
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

{{/* Whole seconds from a pod's end being decided until it may be killed: the wait, the drain, and the last traces. */}}
{{- define "onqueue.grace" -}}
{{- add (int64 .Values.pod.preStopSeconds) (div (add (int64 .Values.settings.process.drain_ms) 999) 1000) 10 }}
{{- end }}

{{/* The container that serves: (dict "root" $ "component" name "arguments" list "resources" dict). */}}
{{- define "onqueue.server" -}}
- name: onqueue
  image: {{ include "onqueue.image" .root }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: {{ concat (list "serve" "--config" "/etc/onqueue/onqueue.toml") .arguments | toJson }}
  {{- with include "onqueue.environment" . | trim }}
  env:
    {{- . | nindent 4 }}
  {{- end }}
  ports:
    - name: {{ ternary "internal" "public" (has .component (list "auth" "routing" "session" "content")) }}
      containerPort: {{ include "onqueue.port" (ternary "gateway" .component (eq .component "embedded")) }}
    - name: health
      containerPort: 9090
  {{- include "onqueue.probes" .root | nindent 2 }}
  lifecycle:
    preStop:
      sleep:
        seconds: {{ .root.Values.pod.preStopSeconds }}
  resources:
    {{- toYaml .resources | nindent 4 }}
  {{- include "onqueue.confined" .root | nindent 2 }}
  volumeMounts:
    - name: settings
      mountPath: /etc/onqueue
      readOnly: true
    - name: temporary
      mountPath: /tmp
    {{- if include "onqueue.secretSources" . | trim }}
    - name: secrets
      mountPath: /run/secrets/onqueue
      readOnly: true
    {{- end }}
    {{- if or (eq .component "embedded") (and (eq .component "session") (include "onqueue.filesOnVolume" .root)) }}
    - name: data
      mountPath: /var/lib/onqueue
    {{- end }}
{{- end }}

{{/* The volumes of a pod that serves, but for its data: (dict "root" $ "component" name). */}}
{{- define "onqueue.volumes" -}}
- name: settings
  configMap:
    name: {{ include "onqueue.name" .root }}-settings
- name: temporary
  emptyDir:
    sizeLimit: 32Mi
{{- with include "onqueue.secretSources" . | trim }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- end }}

{{/* Annotations by which pods are made anew when their settings change. */}}
{{- define "onqueue.podMetadata" -}}
labels:
  {{- include "onqueue.labels" . | nindent 2 }}
  {{- with .root.Values.pod.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/settings: {{ include "onqueue.settings" .root | sha256sum }}
  {{- with .root.Values.pod.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
