// Which field of an object goes where. This is the only list of them, whatever the object is written in.

extension KubernetesMetadata: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "name": name = try reader.text()
        case "namespace": namespace = try reader.text()
        case "creationTimestamp": creationTimestamp = try reader.time()
        case "labels": labels = try reader.object()
        case "annotations": annotations = try reader.object()
        default: break
        }
    }
}

extension KubernetesLabels: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "kubernetes.io/service-name": serviceName = try reader.text()
        case "service.kubernetes.io/service-proxy-name": serviceProxyName = try reader.text()
        default: break
        }
    }
}

extension KubernetesAnnotations: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "endpoints.kubernetes.io/last-change-trigger-time" { lastChangeTriggerTime = try reader.time() }
    }
}

extension KubernetesService: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "metadata": metadata = try reader.object()
        case "spec": spec = try reader.object()
        case "status": status = try reader.object()
        default: break
        }
    }
}

extension KubernetesService.Spec: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "type": type = try reader.text()
        case "clusterIP": clusterIP = try reader.text()
        case "clusterIPs": clusterIPs = try reader.texts()
        case "ports": ports = try reader.objects()
        case "internalTrafficPolicy": internalTrafficPolicy = try reader.text()
        case "externalTrafficPolicy": externalTrafficPolicy = try reader.text()
        case "sessionAffinity": sessionAffinity = try reader.text()
        case "sessionAffinityConfig": sessionAffinityConfig = try reader.object()
        case "externalIPs": externalIPs = try reader.texts()
        case "loadBalancerSourceRanges": loadBalancerSourceRanges = try reader.texts()
        case "healthCheckNodePort": healthCheckNodePort = try reader.integer()
        default: break
        }
    }
}

extension KubernetesService.AffinityConfig: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "clientIP" { clientIP = try reader.object() }
    }
}

extension KubernetesService.AffinityConfig.ClientIP: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "timeoutSeconds" { timeoutSeconds = try reader.integer() }
    }
}

extension KubernetesService.Status: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "loadBalancer" { loadBalancer = try reader.object() }
    }
}

extension KubernetesService.Status.LoadBalancer: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "ingress" { ingress = try reader.objects() }
    }
}

extension KubernetesService.Status.Ingress: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "ip": ip = try reader.text()
        case "ipMode": ipMode = try reader.text()
        default: break
        }
    }
}

extension KubernetesService.Port: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "name": name = try reader.text()
        case "protocol": `protocol` = try reader.text()
        case "port": port = try reader.integer()
        case "nodePort": nodePort = try reader.integer()
        default: break
        }
    }
}

extension KubernetesEndpointSlice: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "metadata": metadata = try reader.object()
        case "addressType": addressType = try reader.text()
        case "ports": ports = try reader.objects()
        case "endpoints": endpoints = try reader.objects()
        default: break
        }
    }
}

extension KubernetesEndpointSlice.Endpoint: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "addresses": addresses = try reader.texts()
        case "conditions": conditions = try reader.object()
        case "nodeName": nodeName = try reader.text()
        case "targetRef": targetRef = try reader.object()
        case "hints": hints = try reader.object()
        default: break
        }
    }
}

extension KubernetesEndpointSlice.Hints: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "forNodes": forNodes = try reader.objects()
        case "forZones": forZones = try reader.objects()
        default: break
        }
    }
}

extension KubernetesEndpointSlice.Hints.Name: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "name" { name = try reader.text() }
    }
}

extension KubernetesEndpointSlice.Conditions: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "ready": ready = try reader.boolean()
        case "serving": serving = try reader.boolean()
        case "terminating": terminating = try reader.boolean()
        default: break
        }
    }
}

extension KubernetesEndpointSlice.Reference: FieldObject {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "kind": kind = try reader.text()
        case "name": name = try reader.text()
        default: break
        }
    }
}
